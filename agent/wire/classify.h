/* classify.h - what an error text says, by one table over the words engines, registries and the ECS agent use. */
#ifndef KEDGE_WIRE_CLASSIFY_H
#define KEDGE_WIRE_CLASSIFY_H

#include "agent/base/str.h"
#include "agent/core/class.h"

/* The class of text as seen at a stage of the task's life; the same words mean other things at another stage.
 * Letters compared without case, names that the text quotes left out (plain.h), engine and agent prefixes allowed,
 * first row that fits wins. A text of no row is CLASS_PULL_UNKNOWN, CLASS_CREATE_FAILED or CLASS_START_UNKNOWN by its
 * stage, CLASS_NONE at the others and for an empty text. Only the first CLASSIFY_TEXT_MAX bytes are looked at.
 * Texts that may carry the ECS agent's error name go through agent_reason_class(). */
enum class classify(enum stage stage, struct slice text);

enum { CLASSIFY_TEXT_MAX = 4 * 1024 };

#endif
