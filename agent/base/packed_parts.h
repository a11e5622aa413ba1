/* Which part of a text a byte stands for, from 0x80 on and then from 0; the last letter of each has its highest bit set. Where NUL,
 * the mark of a byte that stands for itself, tab and line feeds would be stands one letter. Written by `make parts`. */
static const char parts[] =
"e\344" /* 80 "ed" */
" \341" /* 81 " a" */
"e\362" /* 82 "er" */
" i\363" /* 83 " is" */
"e\363" /* 84 "es" */
" \343" /* 85 " c" */
"s\364" /* 86 "st" */
" n\357" /* 87 " no" */
" th\345" /* 88 " the" */
"r\345" /* 89 "re" */
" i\364" /* 8a " it" */
"o\362" /* 8b "or" */
"t\350" /* 8c "th" */
" \363" /* 8d " s" */
"o\356" /* 8e "on" */
"n\344" /* 8f "nd" */
"e\343" /* 90 "ec" */
"a\364" /* 91 "at" */
" t\357" /* 92 " to" */
" \355" /* 93 " m" */
" \367" /* 94 " w" */
"in\347" /* 95 "ing" */
" \360" /* 96 " p" */
"e\364" /* 97 "et" */
"a\356" /* 98 "an" */
"e\240" /* 99 "e " */
"a\363" /* 9a "as" */
"r\357" /* 9b "ro" */
"l\354" /* 9c "ll" */
"s\240" /* 9d "s " */
" o\346" /* 9e " of" */
" \245" /* 9f " %" */
" \344" /* a0 " d" */
"c\350" /* a1 "ch" */
"n\345" /* a2 "ne" */
"l\345" /* a3 "le" */
"e\356" /* a4 "en" */
" \342" /* a5 " b" */
" \346" /* a6 " f" */
" \362" /* a7 " r" */
"l\351" /* a8 "li" */
"i\356" /* a9 "in" */
"o\365" /* aa "ou" */
"i\364" /* ab "it" */
"t\240" /* ac "t " */
" o\362" /* ad " or" */
"t\345" /* ae "te" */
" \350" /* af " h" */
" the\240" /* b0 " the " */
" \345" /* b1 " e" */
"a\362" /* b2 "ar" */
"a\354" /* b3 "al" */
"tio\356" /* b4 "tion" */
"d\240" /* b5 "d " */
"e\355" /* b6 "em" */
"l\357" /* b7 "lo" */
"en\364" /* b8 "ent" */
" i\356" /* b9 " in" */
"s\345" /* ba "se" */
" no\364" /* bb " not" */
" o\356" /* bc " on" */
"o\367" /* bd "ow" */
" r\345" /* be " re" */
"ve\362" /* bf "ver" */
"a\344" /* c0 "ad" */
" ha\363" /* c1 " has" */
" fo\362" /* c2 " for" */
": %\363" /* c3 ": %s" */
",\240" /* c4 ", " */
"s\351" /* c5 "si" */
" %\363" /* c6 " %s" */
"a\343" /* c7 "ac" */
"%\363" /* c8 "%s" */
"th\345" /* c9 "the" */
"d\345" /* ca "de" */
"i\344" /* cb "id" */
"i\347" /* cc "ig" */
"servic\345" /* cd "service" */
"a\347" /* ce "ag" */
" w\350" /* cf " wh" */
":\240" /* d0 ": " */
"n\357" /* d1 "no" */
"a\371" /* d2 "ay" */
"l\344" /* d3 "ld" */
" tha\364" /* d4 " that" */
"o\355" /* d5 "om" */
"ontaine\362" /* d6 "ontainer" */
"t\363" /* d7 "ts" */
" answe\362" /* d8 " answer" */
" b\345" /* d9 " be" */
" \354" /* da " l" */
" a\356" /* db " an" */
"u\362" /* dc "ur" */
"ked\347" /* dd "kedg" */
"m\345" /* de "me" */
"o\360" /* df "op" */
"o\364" /* e0 "ot" */
" \364" /* e1 " t" */
" wit\350" /* e2 " with" */
" kedg\345" /* e3 " kedge" */
"AW\323" /* e4 "AWS" */
"l\365" /* e5 "lu" */
"e\256" /* e6 "e." */
"r\351" /* e7 "ri" */
" imag\345" /* e8 " image" */
" tas\353" /* e9 " task" */
" thi\363" /* ea " this" */
"oo\353" /* eb "ook" */
" byte\363" /* ec " bytes" */
" na\355" /* ed " nam" */
"Th\345" /* ee "The" */
"engin\345" /* ef "engine" */
"star\364" /* f0 "start" */
"ai\354" /* f1 "ail" */
" does no\364" /* f2 " does not" */
" this no\344" /* f3 " this nod" */
"anno\364" /* f4 "annot" */
"abl\345" /* f5 "able" */
" aske\344" /* f6 " asked" */
"efinitio\356" /* f7 "efinition" */
"nc\345" /* f8 "nce" */
"tatu\363" /* f9 "tatus" */
" bac\353" /* fa " back" */
" deploymen\364" /* fb " deployment" */
"ak\345" /* fc "ake" */
"con\346" /* fd "conf" */
"tim\345" /* fe "time" */
"oun\364" /* ff "ount" */
"\240" /* 00 " " */
"\240" /* 01 " " */
"know\356" /* 02 "known" */
"eques\364" /* 03 "equest" */
"failur\345" /* 04 "failure" */
" rollbac\353" /* 05 " rollback" */
"bod\371" /* 06 "body" */
" htt\360" /* 07 " http" */
" aga\351" /* 08 " agai" */
"\211" /* 09 "\t" */
"\212" /* 0a "\n" */
" credentia\354" /* 0b " credential" */
" registr\371" /* 0c " registry" */
"\215" /* 0d "\r" */
"ECS agen\364" /* 0e "ECS agent" */
"Erro\362" /* 0f "Error" */
" than %\344" /* 10 " than %d" */
"journa\354" /* 11 "journal" */
" a perso\356" /* 12 " a person" */
" deplo\371" /* 13 " deploy" */
" too lon\347" /* 14 " too long" */
"polic\371" /* 15 "policy" */
" %.100\363" /* 16 " %.100s" */
" class\275" /* 17 " class=" */
"_unix_\363" /* 18 "_unix_s" */
"eServi\343" /* 19 "eServic" */
"revisio\356" /* 1a "revision" */
"%s line %u\272" /* 1b "%s line %u:" */
"certifica\364" /* 1c "certificat" */
"uthori\372" /* 1d "uthoriz" */
"amazonaws.ecs\256" /* 1e "amazonaws.ecs." */
"deployme\356" /* 1f "deploymen" */
;
/* Where the first, seventeenth ... begins. */
static const uint16_t part_at[] = { 0, 37, 72, 105, 149, 195, 245, 307, 396, 476 };
