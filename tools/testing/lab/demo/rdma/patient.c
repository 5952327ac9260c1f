// SPDX-License-Identifier: GPL-2.0-only
/*
 * Preloaded into ibv_rc_pingpong: a connection that waits longer for an answer.
 *
 * The program asks for 67 ms, seven times, and has no option for it. An emulated guest
 * that migrates stands still for longer than that; a card's user would choose the time
 * likewise, by perftest's --qp-timeout or the connection manager's parameters.
 *
 * There are no headers of rdma-core where the lab compiles. What is here of struct
 * ibv_qp_attr is its ABI, and what the program is known to ask for is looked at first.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <linux/types.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#define QP_TIMEOUT	0x200	/* IBV_QP_TIMEOUT */
#define ASKED_TIMEOUT	14
#define ASKED_RETRIES	7
#define PATIENT_TIMEOUT	19		/* 2.1 s, by 4.096 us * 2^19 */

struct qp_attr {
	__u8 states_caps_and_paths[130];
	__u8 timeout;
	__u8 retry_cnt;
};

int ibv_modify_qp(void *qp, struct qp_attr *attr, int mask)
{
	int (*modify)(void *qp, struct qp_attr *attr, int mask);

	modify = (typeof(modify))dlvsym(RTLD_NEXT, "ibv_modify_qp", "IBVERBS_1.1");
	if (!modify)
		abort();
	if (mask & QP_TIMEOUT) {
		if (attr->timeout != ASKED_TIMEOUT || attr->retry_cnt != ASKED_RETRIES) {
			fprintf(stderr, "patient: not the ibv_rc_pingpong that is known\n");
			abort();
		}
		attr->timeout = PATIENT_TIMEOUT;
	}
	return modify(qp, attr, mask);
}
