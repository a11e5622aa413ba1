/* Which part of a text a byte stands for, from 0x80 on and then from 0; the last letter of each has its highest bit set. Where NUL,
 * the mark of a byte that stands for itself, tab and line feeds would be stands one letter. Written by `make parts`. */
static const char parts[] =
"e\344" /* 80 "ed" */
"e\362" /* 81 "er" */
" \341" /* 82 " a" */
"s\364" /* 83 "st" */
"r\345" /* 84 "re" */
" \343" /* 85 " c" */
" th\345" /* 86 " the" */
" i\364" /* 87 " it" */
"e\363" /* 88 "es" */
"o\362" /* 89 "or" */
"t\350" /* 8a "th" */
"o\356" /* 8b "on" */
" \363" /* 8c " s" */
"a\364" /* 8d "at" */
" \344" /* 8e " d" */
" i\363" /* 8f " is" */
" \355" /* 90 " m" */
"l\354" /* 91 "ll" */
" \367" /* 92 " w" */
"in\347" /* 93 "ing" */
" t\357" /* 94 " to" */
"a\356" /* 95 "an" */
"s\240" /* 96 "s " */
" \245" /* 97 " %" */
"e\364" /* 98 "et" */
" \360" /* 99 " p" */
"a\363" /* 9a "as" */
"r\357" /* 9b "ro" */
" o\346" /* 9c " of" */
" \356" /* 9d " n" */
"n\345" /* 9e "ne" */
"e\240" /* 9f "e " */
"l\345" /* a0 "le" */
"c\350" /* a1 "ch" */
"e\356" /* a2 "en" */
"e\343" /* a3 "ec" */
"t\345" /* a4 "te" */
"n\344" /* a5 "nd" */
" n\357" /* a6 " no" */
" \346" /* a7 " f" */
"l\351" /* a8 "li" */
" \342" /* a9 " b" */
" \362" /* aa " r" */
" o\362" /* ab " or" */
"o\365" /* ac "ou" */
"i\356" /* ad "in" */
" \345" /* ae " e" */
"o\364" /* af "ot" */
"a\354" /* b0 "al" */
" \350" /* b1 " h" */
"a\362" /* b2 "ar" */
"i\364" /* b3 "it" */
"t\240" /* b4 "t " */
"u\356" /* b5 "un" */
" the\240" /* b6 " the " */
"o\367" /* b7 "ow" */
"e\355" /* b8 "em" */
"tio\356" /* b9 "tion" */
"d\240" /* ba "d " */
"s\345" /* bb "se" */
"l\357" /* bc "lo" */
" i\356" /* bd " in" */
" thi\363" /* be " this" */
"en\364" /* bf "ent" */
" o\356" /* c0 " on" */
"am\345" /* c1 "ame" */
" r\345" /* c2 " re" */
" ha\363" /* c3 " has" */
"a\344" /* c4 "ad" */
"o\355" /* c5 "om" */
"ve\362" /* c6 "ver" */
": %\363" /* c7 ": %s" */
"c\364" /* c8 "ct" */
" fo\362" /* c9 " for" */
" %\363" /* ca " %s" */
"o\357" /* cb "oo" */
"i\344" /* cc "id" */
",\240" /* cd ", " */
" is\240" /* ce " is " */
"%\363" /* cf "%s" */
"s\351" /* d0 "si" */
" a\356" /* d1 " an" */
"i\347" /* d2 "ig" */
" \364" /* d3 " t" */
":\240" /* d4 ": " */
"servic\345" /* d5 "service" */
"th\345" /* d6 "the" */
" w\350" /* d7 " wh" */
" tha\364" /* d8 " that" */
"a\371" /* d9 "ay" */
"l\344" /* da "ld" */
"ontaine\362" /* db "ontainer" */
"t\363" /* dc "ts" */
" nod\345" /* dd " node" */
" answe\362" /* de " answer" */
" b\345" /* df " be" */
"a\347" /* e0 "ag" */
"no\240" /* e1 "no " */
" \354" /* e2 " l" */
"o\360" /* e3 "op" */
"a\343" /* e4 "ac" */
"u\362" /* e5 "ur" */
" an\344" /* e6 " and" */
" wit\350" /* e7 " with" */
" kedg\345" /* e8 " kedge" */
"ked\347" /* e9 "kedg" */
"AW\323" /* ea "AWS" */
"r\351" /* eb "ri" */
" imag\345" /* ec " image" */
" tas\353" /* ed " task" */
" is no\364" /* ee " is not" */
" byte\363" /* ef " bytes" */
"Th\345" /* f0 "The" */
"engin\345" /* f1 "engine" */
"star\364" /* f2 "start" */
"ai\354" /* f3 "ail" */
" does no\364" /* f4 " does not" */
"anno\364" /* f5 "annot" */
"rro\362" /* f6 "rror" */
"abl\345" /* f7 "able" */
"efinitio\356" /* f8 "efinition" */
"tatu\363" /* f9 "tatus" */
" aske\344" /* fa " asked" */
" bac\353" /* fb " back" */
" deploymen\364" /* fc " deployment" */
"nc\345" /* fd "nce" */
"ak\345" /* fe "ake" */
"tim\345" /* ff "time" */
"\240" /* 00 " " */
"\240" /* 01 " " */
"oun\364" /* 02 "ount" */
"con\346" /* 03 "conf" */
"know\356" /* 04 "known" */
"failur\345" /* 05 "failure" */
"bod\371" /* 06 "body" */
" htt\360" /* 07 " http" */
" rollbac\353" /* 08 " rollback" */
"\211" /* 09 "\t" */
"\212" /* 0a "\n" */
"eques\364" /* 0b "equest" */
" agai\356" /* 0c " again" */
"\215" /* 0d "\r" */
" registr\371" /* 0e " registry" */
"ECS agen\364" /* 0f "ECS agent" */
" credentia\354" /* 10 " credential" */
" than %\344" /* 11 " than %d" */
"journa\354" /* 12 "journal" */
" a perso\356" /* 13 " a person" */
" %.100\363" /* 14 " %.100s" */
" deplo\371" /* 15 " deploy" */
" too lon\347" /* 16 " too long" */
" class\275" /* 17 " class=" */
"polic\371" /* 18 "policy" */
"revisi\357" /* 19 "revisio" */
"%s line %u\272" /* 1a "%s line %u:" */
"certifica\364" /* 1b "certificat" */
"eServi\343" /* 1c "eServic" */
"uthori\372" /* 1d "uthoriz" */
"amazonaws.ecs\256" /* 1e "amazonaws.ecs." */
"deployme\356" /* 1f "deploymen" */
;
/* Where the first, seventeenth ... begins. */
static const uint16_t part_at[] = { 0, 36, 71, 105, 147, 192, 250, 311, 396, 469 };
