/* Which part of a text a byte stands for, from 0x80 on and then from 0; the last letter of each has its highest bit set. Where NUL,
 * the mark of a byte that stands for itself, tab and line feeds would be stands one letter. Written by `make parts`. */
static const char parts[] =
" \341" /* 80 " a" */
"e\344" /* 81 "ed" */
"e\362" /* 82 "er" */
" n\357" /* 83 " no" */
" i\363" /* 84 " is" */
"s\364" /* 85 "st" */
"a\363" /* 86 "as" */
"r\345" /* 87 "re" */
"e\363" /* 88 "es" */
" \343" /* 89 " c" */
" i\364" /* 8a " it" */
" th\345" /* 8b " the" */
"t\350" /* 8c "th" */
" \363" /* 8d " s" */
" \350" /* 8e " h" */
"o\356" /* 8f "on" */
"o\362" /* 90 "or" */
"n\344" /* 91 "nd" */
"a\356" /* 92 "an" */
" t\357" /* 93 " to" */
" \342" /* 94 " b" */
"l\354" /* 95 "ll" */
"a\364" /* 96 "at" */
" \367" /* 97 " w" */
"s\240" /* 98 "s " */
" \355" /* 99 " m" */
"in\347" /* 9a "ing" */
" \360" /* 9b " p" */
"e\364" /* 9c "et" */
"r\357" /* 9d "ro" */
" o\346" /* 9e " of" */
"e\240" /* 9f "e " */
" \344" /* a0 " d" */
" \245" /* a1 " %" */
"n\345" /* a2 "ne" */
"c\350" /* a3 "ch" */
"l\345" /* a4 "le" */
"e\356" /* a5 "en" */
"e\343" /* a6 "ec" */
"l\351" /* a7 "li" */
"o\365" /* a8 "ou" */
" o\362" /* a9 " or" */
"i\356" /* aa "in" */
"a\354" /* ab "al" */
"t\240" /* ac "t " */
" the\240" /* ad " the " */
"i\364" /* ae "it" */
" \346" /* af " f" */
"a\362" /* b0 "ar" */
"t\345" /* b1 "te" */
"tio\356" /* b2 "tion" */
"e\355" /* b3 "em" */
"l\357" /* b4 "lo" */
"d\240" /* b5 "d " */
"d\345" /* b6 "de" */
"s\345" /* b7 "se" */
" \362" /* b8 " r" */
"en\364" /* b9 "ent" */
"o\367" /* ba "ow" */
" i\356" /* bb " in" */
" o\356" /* bc " on" */
"ve\362" /* bd "ver" */
"e\370" /* be "ex" */
" fo\362" /* bf " for" */
" thi\363" /* c0 " this" */
": %\363" /* c1 ": %s" */
",\240" /* c2 ", " */
"c\364" /* c3 "ct" */
"s\351" /* c4 "si" */
" %\363" /* c5 " %s" */
" \364" /* c6 " t" */
"o\364" /* c7 "ot" */
"th\345" /* c8 "the" */
"%\363" /* c9 "%s" */
" r\345" /* ca " re" */
"servic\345" /* cb "service" */
"n\357" /* cc "no" */
" \345" /* cd " e" */
"i\344" /* ce "id" */
"a\347" /* cf "ag" */
"i\347" /* d0 "ig" */
" w\350" /* d1 " wh" */
":\240" /* d2 ": " */
"l\344" /* d3 "ld" */
"a\371" /* d4 "ay" */
"m\345" /* d5 "me" */
"o\355" /* d6 "om" */
"t\363" /* d7 "ts" */
" \354" /* d8 " l" */
" tha\364" /* d9 " that" */
" answe\362" /* da " answer" */
"0\363" /* db "0s" */
"ontaine\362" /* dc "ontainer" */
" a\356" /* dd " an" */
"a\343" /* de "ac" */
"ked\347" /* df "kedg" */
"u\362" /* e0 "ur" */
" wit\350" /* e1 " with" */
"o\360" /* e2 "op" */
" kedg\345" /* e3 " kedge" */
"AW\323" /* e4 "AWS" */
"ea\344" /* e5 "ead" */
" is no\364" /* e6 " is not" */
" tas\353" /* e7 " task" */
" imag\345" /* e8 " image" */
"oo\353" /* e9 "ook" */
" byte\363" /* ea " bytes" */
" nam\345" /* eb " name" */
"Th\345" /* ec "The" */
"star\364" /* ed "start" */
"u\363" /* ee "us" */
"engin\345" /* ef "engine" */
" does no\364" /* f0 " does not" */
" ru\356" /* f1 " run" */
"rro\362" /* f2 "rror" */
"abl\345" /* f3 "able" */
" aske\344" /* f4 " asked" */
"efinitio\356" /* f5 "efinition" */
"nc\345" /* f6 "nce" */
"ak\345" /* f7 "ake" */
"tatu\363" /* f8 "tatus" */
" bac\353" /* f9 " back" */
"tim\345" /* fa "time" */
" deploymen\364" /* fb " deployment" */
"con\346" /* fc "conf" */
"oun\364" /* fd "ount" */
"know\356" /* fe "known" */
" rollbac\353" /* ff " rollback" */
"\240" /* 00 " " */
"\240" /* 01 " " */
"eques\364" /* 02 "equest" */
"failur\345" /* 03 "failure" */
"bod\371" /* 04 "body" */
" credentia\354" /* 05 " credential" */
" htt\360" /* 06 " http" */
"ECS agen\364" /* 07 "ECS agent" */
" aga\351" /* 08 " agai" */
"\211" /* 09 "\t" */
"\212" /* 0a "\n" */
" cannot b\345" /* 0b " cannot be" */
" registr\371" /* 0c " registry" */
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
static const uint16_t part_at[] = { 0, 37, 72, 108, 148, 193, 243, 312, 401, 485 };
