/* Which part of a text a byte stands for, from 0x80 on and then from 0; the last letter of each has its highest bit set. Where NUL,
 * the mark of a byte that stands for itself, tab and line feeds would be stands one letter. Written by `make parts`. */
static const char parts[] =
"e\344" /* 80 "ed" */
"e\362" /* 81 "er" */
" \341" /* 82 " a" */
" i\363" /* 83 " is" */
"r\345" /* 84 "re" */
"o\356" /* 85 "on" */
" \363" /* 86 " s" */
"e\363" /* 87 "es" */
" th\345" /* 88 " the" */
" i\364" /* 89 " it" */
"t\350" /* 8a "th" */
"s\364" /* 8b "st" */
" \356" /* 8c " n" */
" \343" /* 8d " c" */
"a\356" /* 8e "an" */
"o\362" /* 8f "or" */
" \344" /* 90 " d" */
"e\343" /* 91 "ec" */
"r\357" /* 92 "ro" */
" t\357" /* 93 " to" */
"a\364" /* 94 "at" */
"n\345" /* 95 "ne" */
"l\354" /* 96 "ll" */
" n\357" /* 97 " no" */
" \355" /* 98 " m" */
"in\347" /* 99 "ing" */
" \360" /* 9a " p" */
" \245" /* 9b " %" */
"a\363" /* 9c "as" */
" o\346" /* 9d " of" */
"e\356" /* 9e "en" */
"e\364" /* 9f "et" */
"e\240" /* a0 "e " */
"o\364" /* a1 "ot" */
"i\356" /* a2 "in" */
" \367" /* a3 " w" */
"o\365" /* a4 "ou" */
"s\240" /* a5 "s " */
"c\350" /* a6 "ch" */
"l\345" /* a7 "le" */
"l\357" /* a8 "lo" */
"n\344" /* a9 "nd" */
"l\351" /* aa "li" */
" \342" /* ab " b" */
" \362" /* ac " r" */
" o\362" /* ad " or" */
"t\345" /* ae "te" */
"a\354" /* af "al" */
" \350" /* b0 " h" */
" \346" /* b1 " f" */
"i\364" /* b2 "it" */
" \345" /* b3 " e" */
"a\362" /* b4 "ar" */
"o\367" /* b5 "ow" */
"t\240" /* b6 "t " */
"tio\356" /* b7 "tion" */
" the\240" /* b8 " the " */
"e\355" /* b9 "em" */
" r\345" /* ba " re" */
" i\356" /* bb " in" */
"s\345" /* bc "se" */
"am\345" /* bd "ame" */
" ha\363" /* be " has" */
"a\344" /* bf "ad" */
"d\240" /* c0 "d " */
"en\364" /* c1 "ent" */
"t\351" /* c2 "ti" */
"ve\362" /* c3 "ver" */
": %\363" /* c4 ": %s" */
"t\341" /* c5 "ta" */
" fo\362" /* c6 " for" */
" %\363" /* c7 " %s" */
"i\344" /* c8 "id" */
" \364" /* c9 " t" */
" thi\363" /* ca " this" */
"%\363" /* cb "%s" */
"a\343" /* cc "ac" */
"s\351" /* cd "si" */
",\240" /* ce ", " */
"od\345" /* cf "ode" */
"i\347" /* d0 "ig" */
"m\345" /* d1 "me" */
"servic\345" /* d2 "service" */
" w\350" /* d3 " wh" */
"l\344" /* d4 "ld" */
"n\357" /* d5 "no" */
" tha\364" /* d6 " that" */
"a\371" /* d7 "ay" */
"t\363" /* d8 "ts" */
" b\345" /* d9 " be" */
" answe\362" /* da " answer" */
"a\347" /* db "ag" */
" o\356" /* dc " on" */
":\240" /* dd ": " */
"th\345" /* de "the" */
" \354" /* df " l" */
"o\360" /* e0 "op" */
" a\356" /* e1 " an" */
" an\344" /* e2 " and" */
" \357" /* e3 " o" */
" wit\350" /* e4 " with" */
"r\351" /* e5 "ri" */
" kedg\345" /* e6 " kedge" */
"kedg\345" /* e7 "kedge" */
"u\363" /* e8 "us" */
"AW\323" /* e9 "AWS" */
"te\362" /* ea "ter" */
" \347" /* eb " g" */
" imag\345" /* ec " image" */
" tas\353" /* ed " task" */
"-\255" /* ee "--" */
" is no\364" /* ef " is not" */
"oo\353" /* f0 "ook" */
" byte\363" /* f1 " bytes" */
"engin\345" /* f2 "engine" */
"star\364" /* f3 "start" */
" containe\362" /* f4 " container" */
" does no\364" /* f5 " does not" */
"abl\345" /* f6 "able" */
"efinitio\356" /* f7 "efinition" */
"nc\345" /* f8 "nce" */
"tatu\363" /* f9 "tatus" */
" aske\344" /* fa " asked" */
" bac\353" /* fb " back" */
" deploymen\364" /* fc " deployment" */
"ak\345" /* fd "ake" */
"oun\364" /* fe "ount" */
"con\346" /* ff "conf" */
"\240" /* 00 " " */
"\240" /* 01 " " */
"know\356" /* 02 "known" */
"wor\353" /* 03 "work" */
"failur\345" /* 04 "failure" */
"bod\371" /* 05 "body" */
" htt\360" /* 06 " http" */
" rollbac\353" /* 07 " rollback" */
"eques\364" /* 08 "equest" */
"\211" /* 09 "\t" */
"\212" /* 0a "\n" */
" aga\351" /* 0b " agai" */
"ECS agen\364" /* 0c "ECS agent" */
"\215" /* 0d "\r" */
" credentia\354" /* 0e " credential" */
"Erro\362" /* 0f "Error" */
" than %\344" /* 10 " than %d" */
"journa\354" /* 11 "journal" */
" a perso\356" /* 12 " a person" */
" %.100\363" /* 13 " %.100s" */
" too lon\347" /* 14 " too long" */
"faile\344" /* 15 "failed" */
" class\275" /* 16 " class=" */
"polic\371" /* 17 "policy" */
"revisio\356" /* 18 "revision" */
"%s line %u\272" /* 19 "%s line %u:" */
"certifica\364" /* 1a "certificat" */
"eServi\343" /* 1b "eServic" */
"uthori\372" /* 1c "uthoriz" */
"amazonaws.ecs\256" /* 1d "amazonaws.ecs." */
"he registr\371" /* 1e "he registry" */
"his node'\363" /* 1f "his node's" */
;
/* Where the first, seventeenth ... begins. */
static const uint16_t part_at[] = { 0, 36, 72, 105, 147, 190, 239, 298, 391, 466 };
