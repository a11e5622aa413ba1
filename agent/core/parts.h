/* parts.h - what the files of the core offer each other; nobody outside agent/core includes it. */
#ifndef KEDGE_CORE_PARTS_H
#define KEDGE_CORE_PARTS_H

#include "agent/core/acting.h"
#include "agent/core/core.h"
#include "agent/core/judging.h"
#include "agent/core/looking.h"
#include "agent/core/seen.h"
#include "agent/core/table.h"

#define SEC UINT64_C(1000)
#define Y2020_MS INT64_C(1577836800000)  /* what is dated before was seen by a clock that was not set */
#define STEADY_MS (40 * SEC)     /* ECS calls a task without health check healthy after 40 s of RUNNING */

#endif
