/* Which part of a text a byte stands for, from 0x80 on and then from 0; the last letter of each has its highest bit set. Where NUL,
 * the mark of a byte that stands for itself, tab and line feeds would be stands one letter. Written by `make parts`. */
static const char parts[] =
" \341" /* 80 " a" */
"e\344" /* 81 "ed" */
"r\345" /* 82 "re" */
" n\357" /* 83 " no" */
"e\362" /* 84 "er" */
" i\363" /* 85 " is" */
"s\364" /* 86 "st" */
" \343" /* 87 " c" */
" \363" /* 88 " s" */
" i\364" /* 89 " it" */
" th\345" /* 8a " the" */
"t\350" /* 8b "th" */
"e\363" /* 8c "es" */
"o\356" /* 8d "on" */
"o\362" /* 8e "or" */
"e\343" /* 8f "ec" */
"a\356" /* 90 "an" */
"n\344" /* 91 "nd" */
" t\357" /* 92 " to" */
" \342" /* 93 " b" */
"n\345" /* 94 "ne" */
"l\354" /* 95 "ll" */
"a\364" /* 96 "at" */
" \367" /* 97 " w" */
" \355" /* 98 " m" */
"in\347" /* 99 "ing" */
" \360" /* 9a " p" */
"r\357" /* 9b "ro" */
"e\240" /* 9c "e " */
" o\346" /* 9d " of" */
"e\364" /* 9e "et" */
" \344" /* 9f " d" */
"s\240" /* a0 "s " */
"a\363" /* a1 "as" */
"c\350" /* a2 "ch" */
" \362" /* a3 " r" */
" \245" /* a4 " %" */
"e\356" /* a5 "en" */
"l\345" /* a6 "le" */
"l\351" /* a7 "li" */
"o\365" /* a8 "ou" */
"t\345" /* a9 "te" */
"i\364" /* aa "it" */
" o\362" /* ab " or" */
" the\240" /* ac " the " */
"i\356" /* ad "in" */
"a\354" /* ae "al" */
" \345" /* af " e" */
" \346" /* b0 " f" */
" \350" /* b1 " h" */
"t\240" /* b2 "t " */
"a\362" /* b3 "ar" */
"tio\356" /* b4 "tion" */
"d\240" /* b5 "d " */
"l\357" /* b6 "lo" */
"e\355" /* b7 "em" */
"o\367" /* b8 "ow" */
" i\356" /* b9 " in" */
"en\364" /* ba "ent" */
"s\345" /* bb "se" */
"d\345" /* bc "de" */
"ve\362" /* bd "ver" */
" ha\363" /* be " has" */
" fo\362" /* bf " for" */
" thi\363" /* c0 " this" */
": %\363" /* c1 ": %s" */
"a\343" /* c2 "ac" */
",\240" /* c3 ", " */
" %\363" /* c4 " %s" */
"o\364" /* c5 "ot" */
"m\345" /* c6 "me" */
"th\345" /* c7 "the" */
"%\363" /* c8 "%s" */
"n\357" /* c9 "no" */
" a\356" /* ca " an" */
" \364" /* cb " t" */
"servic\345" /* cc "service" */
"a\347" /* cd "ag" */
"i\344" /* ce "id" */
"i\347" /* cf "ig" */
":\240" /* d0 ": " */
" o\356" /* d1 " on" */
" w\350" /* d2 " wh" */
"a\371" /* d3 "ay" */
"l\344" /* d4 "ld" */
"o\355" /* d5 "om" */
" \354" /* d6 " l" */
" tha\364" /* d7 " that" */
"t\363" /* d8 "ts" */
" answe\362" /* d9 " answer" */
"ontaine\362" /* da "ontainer" */
"ked\347" /* db "kedg" */
"u\362" /* dc "ur" */
" \357" /* dd " o" */
" wit\350" /* de " with" */
"o\360" /* df "op" */
"s\363" /* e0 "ss" */
"i\362" /* e1 "ir" */
" kedg\345" /* e2 " kedge" */
"te\362" /* e3 "ter" */
"u\363" /* e4 "us" */
"AW\323" /* e5 "AWS" */
"ea\344" /* e6 "ead" */
" is no\364" /* e7 " is not" */
" tas\353" /* e8 " task" */
" imag\345" /* e9 " image" */
"oo\353" /* ea "ook" */
" byte\363" /* eb " bytes" */
" nam\345" /* ec " name" */
"Th\345" /* ed "The" */
"engin\345" /* ee "engine" */
"star\364" /* ef "start" */
" does no\364" /* f0 " does not" */
"rro\362" /* f1 "rror" */
"abl\345" /* f2 "able" */
" aske\344" /* f3 " asked" */
"efinitio\356" /* f4 "efinition" */
"nc\345" /* f5 "nce" */
" bac\353" /* f6 " back" */
"ak\345" /* f7 "ake" */
"tatu\363" /* f8 "tatus" */
"tim\345" /* f9 "time" */
" deploymen\364" /* fa " deployment" */
"con\346" /* fb "conf" */
"oun\364" /* fc "ount" */
"know\356" /* fd "known" */
" rollbac\353" /* fe " rollback" */
"eques\364" /* ff "equest" */
"\240" /* 00 " " */
"\240" /* 01 " " */
"failur\345" /* 02 "failure" */
"%.8\260" /* 03 "%.80" */
"bod\371" /* 04 "body" */
" credentia\354" /* 05 " credential" */
" htt\360" /* 06 " http" */
"ECS agen\364" /* 07 "ECS agent" */
" agai\356" /* 08 " again" */
"\211" /* 09 "\t" */
"\212" /* 0a "\n" */
" registr\371" /* 0b " registry" */
" cannot b\345" /* 0c " cannot be" */
"\215" /* 0d "\r" */
"journa\354" /* 0e "journal" */
"polic\371" /* 0f "policy" */
" than %\344" /* 10 " than %d" */
" a perso\356" /* 11 " a person" */
" deplo\371" /* 12 " deploy" */
" too lon\347" /* 13 " too long" */
"faile\344" /* 14 "failed" */
" %.100\363" /* 15 " %.100s" */
" class\275" /* 16 " class=" */
"_unix_\363" /* 17 "_unix_s" */
"revisio\356" /* 18 "revision" */
"%s line %u\272" /* 19 "%s line %u:" */
"certifica\364" /* 1a "certificat" */
"uthori\372" /* 1b "uthoriz" */
"UpdateServi\343" /* 1c "UpdateServic" */
"amazonaws.ecs\256" /* 1d "amazonaws.ecs." */
"his node'\363" /* 1e "his node's" */
"deployme\356" /* 1f "deploymen" */
;
/* Where the first, seventeenth ... begins. */
static const uint16_t part_at[] = { 0, 37, 72, 108, 149, 194, 247, 314, 405, 488 };
