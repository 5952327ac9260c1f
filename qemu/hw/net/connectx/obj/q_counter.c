/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: sets of counters, that queues name
 */
#include "qemu/osdep.h"
#include "base/ifc.h"
#include "base/limits.h"
#include "obj/obj.h"
#include "obj/q_counter.h"

void cx_q_count(ConnectXFunction *fn, const ConnectXObj *queue, uint32_t set,
                ConnectXCount what)
{
    ConnectXObj *counter = cx_obj_find(fn, CX_OBJ_Q_COUNTER, set);

    if (counter && cx_obj_may_name(queue, counter)) {
        cx_obj_more(fn, counter)[what]++;
    }
}

static const ConnectXObjType cx_q_counter_kind = {
    .kind = CX_OBJ_Q_COUNTER, .name = "Q_COUNTER",
    CX_OBJ_IN(alloc_q_counter_in), .first_id = 1, .last_id = CX_Q_COUNTERS,
    .limit = CX_Q_COUNTERS, .saved = true, .more = CX_COUNTS,
};

void cx_q_counter_register(void)
{
    cx_obj_add_type(&cx_q_counter_kind);
}
