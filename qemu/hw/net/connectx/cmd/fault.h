/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: commands that fail or take their time, for tests
 *
 * All of it may be set while the machine runs. It is the device's and counts
 * the commands of all its functions.
 */
#ifndef HW_NET_CONNECTX_CMD_FAULT_H
#define HW_NET_CONNECTX_CMD_FAULT_H

#include "base/types.h"

typedef struct ConnectXLatency {
    uint16_t opcode;
    uint32_t ms;
    uint32_t ms_per_mib;
} ConnectXLatency;

struct ConnectXCmdFaults {
    char *fail_cmd;             /* as it was set, or NULL */
    uint16_t fail_opcode;
    uint32_t fail_nth;          /* only the n-th from now on; 0: each */
    uint32_t fail_status;
    uint32_t fail_seen;         /* commands of that kind so far */
    char *delay_cmd;
    uint16_t delay_opcode;
    uint32_t delay_ms;
    uint32_t delay_nth;         /* as fail_nth */
    uint32_t delay_seen;
    char *latency;              /* as it was set, or NULL */
    GArray *latencies;          /* of ConnectXLatency */
};

ConnectXCmdFaults *cx_cmd_faults_new(void);
void cx_cmd_faults_free(ConnectXCmdFaults *faults);

/*
 * Each takes the text of a property; false and a reason in errp when it cannot
 * be understood, and then all is as before. An empty text means none.
 */
bool cx_cmd_set_fail(ConnectXCmdFaults *faults, const char *value,
                     Error **errp);
bool cx_cmd_set_delay(ConnectXCmdFaults *faults, const char *value,
                      Error **errp);
/* "OPCODE=MS", or "OPCODE=MS+MS_PER_MIB"; more of them behind colons. */
bool cx_cmd_set_latency(ConnectXCmdFaults *faults, const char *value,
                        Error **errp);

/* Is this the command that is to fail? Counts it. */
bool cx_cmd_fault(ConnectXCmd *cmd);
/* How long to keep back the reply to a command that is done. Counts it. */
uint64_t cx_cmd_latency_ms(const ConnectXCmd *cmd);
/* How long the handler of a command that moves an image is to take for it. */
uint64_t cx_cmd_latency_ms_per_mib(const ConnectXCmd *cmd);

#endif /* HW_NET_CONNECTX_CMD_FAULT_H */
