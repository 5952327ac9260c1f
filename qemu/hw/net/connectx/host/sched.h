/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: whose turn it is to be worked on
 *
 * A doorbell puts its queue in line. A little is done at the end of the write,
 * as waking another thread up takes longer than that; the rest from a bottom
 * half of the device, a slice for each queue of each function in turn. How much
 * is done in one go is counted in frames and bytes over all of them, however
 * many queues there are and however much one request asks for: the big lock is
 * held meanwhile. Work that is no frame's counts as so many bytes as take about
 * as long. When there is more, the bottom half rests a moment before it
 * goes on: it would take the lock again before a vCPU that waits for it wakes
 * up.
 *
 * Queues are in line by number and looked up when it is their turn.
 */
#ifndef HW_NET_CONNECTX_SCHED_H
#define HW_NET_CONNECTX_SCHED_H

#include "base/types.h"

/* What is left to spend; the last frame may cost more than there is. */
typedef struct ConnectXBudget {
    int64_t frames;             /* copies made of frames, requests, looks */
    int64_t bytes;
} ConnectXBudget;

static inline void cx_budget_spend(ConnectXBudget *budget, uint32_t frames,
                                   uint64_t bytes)
{
    budget->frames -= frames;
    budget->bytes -= bytes;
}

static inline bool cx_budget_spent(const ConnectXBudget *budget)
{
    return budget->frames <= 0 || budget->bytes <= 0;
}

/*
 * Works on a queue until there is nothing left (false) or the budget is spent
 * (true). The queue may be gone by now.
 */
typedef bool (*ConnectXWork)(ConnectXFunction *fn, uint32_t number,
                             ConnectXBudget *budget);
/* Who does the work; once. */
void cx_sched_set_work(ConnectXWork work);

/*
 * What was done just now, deep below, took as long as so many bytes: whoever
 * has its turn pays for it. Outside of turns nobody does.
 */
void cx_sched_charge(uint64_t bytes);

/* pci: the device's PF */
void cx_sched_init(ConnectXDevice *dev, PCIDevice *pci);
void cx_sched_uninit(ConnectXDevice *dev);
/* Puts a queue in line, if it is not yet. */
void cx_sched_add(ConnectXFunction *fn, uint32_t number);
/*
 * cx_sched_open/close - Around a register write, if nobody holds an object at
 * its end: queues that get in line in between are served at once, a little,
 * when nobody was in line before.
 */
void cx_sched_open(ConnectXDevice *dev);
void cx_sched_close(ConnectXDevice *dev);
/* Takes all queues of a function out of line. */
void cx_sched_forget(ConnectXFunction *fn);

#endif /* HW_NET_CONNECTX_SCHED_H */
