/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: commands that fail or take their time, for tests
 */
#include "qemu/osdep.h"
#include "qemu/cutils.h"
#include "qapi/error.h"
#include "cmd/cmd.h"
#include "cmd/fault.h"
#include "fn/fn.h"

#define CX_LATENCY_MAX_MS   (10 * 60 * 1000)

ConnectXCmdFaults *cx_cmd_faults_new(void)
{
    ConnectXCmdFaults *faults = g_new0(ConnectXCmdFaults, 1);

    faults->fail_status = CX_INTERNAL;
    faults->latencies = g_array_new(false, false, sizeof(ConnectXLatency));
    return faults;
}

void cx_cmd_faults_free(ConnectXCmdFaults *faults)
{
    g_free(faults->fail_cmd);
    g_free(faults->delay_cmd);
    g_free(faults->latency);
    g_array_unref(faults->latencies);
    g_free(faults);
}

static bool cx_set_cmd(char **cmd, uint16_t *opcode, const char *value,
                       Error **errp)
{
    if (*value && !cx_cmd_parse(value, opcode)) {
        error_setg(errp, "'%s' is no command", value);
        return false;
    }
    g_free(*cmd);
    *cmd = *value ? g_strdup(value) : NULL;
    return true;
}

bool cx_cmd_set_fail(ConnectXCmdFaults *faults, const char *value, Error **errp)
{
    if (!cx_set_cmd(&faults->fail_cmd, &faults->fail_opcode, value, errp)) {
        return false;
    }
    faults->fail_seen = 0;
    return true;
}

bool cx_cmd_set_delay(ConnectXCmdFaults *faults, const char *value,
                      Error **errp)
{
    if (!cx_set_cmd(&faults->delay_cmd, &faults->delay_opcode, value, errp)) {
        return false;
    }
    faults->delay_seen = 0;
    return true;
}

/* One "OPCODE=MS[+MS_PER_MIB]" */
static bool cx_latency_parse(const char *text, ConnectXLatency *latency)
{
    g_auto(GStrv) half = g_strsplit(text, "=", 2);
    const char *end;

    if (!half[0] || !half[1] || !cx_cmd_parse(half[0], &latency->opcode) ||
        qemu_strtoui(half[1], &end, 10, &latency->ms) < 0) {
        return false;
    }
    if (*end == '+' &&
        qemu_strtoui(end + 1, &end, 10, &latency->ms_per_mib) < 0) {
        return false;
    }
    return !*end && latency->ms <= CX_LATENCY_MAX_MS &&
           latency->ms_per_mib <= CX_LATENCY_MAX_MS;
}

bool cx_cmd_set_latency(ConnectXCmdFaults *faults, const char *value,
                        Error **errp)
{
    g_auto(GStrv) part = g_strsplit(value, ":", -1);
    g_autoptr(GArray) latencies = g_array_new(false, false,
                                              sizeof(ConnectXLatency));

    for (unsigned i = 0; part[i]; i++) {
        ConnectXLatency latency = { 0 };

        if (!cx_latency_parse(part[i], &latency)) {
            error_setg(errp, "'%s' is not OPCODE=MS or OPCODE=MS+MS_PER_MIB",
                       part[i]);
            return false;
        }
        g_array_append_val(latencies, latency);
    }
    g_free(faults->latency);
    faults->latency = *value ? g_strdup(value) : NULL;
    g_array_unref(faults->latencies);
    faults->latencies = g_steal_pointer(&latencies);
    return true;
}

bool cx_cmd_fault(ConnectXCmd *cmd)
{
    ConnectXCmdFaults *faults = cmd->fn->dev->faults;

    if (!faults->fail_cmd || cmd->opcode != faults->fail_opcode) {
        return false;
    }
    faults->fail_seen++;
    return !faults->fail_nth || faults->fail_nth == faults->fail_seen;
}

static bool cx_cmd_is_delayed(ConnectXCmdFaults *faults, uint16_t opcode)
{
    if (!faults->delay_cmd || opcode != faults->delay_opcode) {
        return false;
    }
    faults->delay_seen++;
    return !faults->delay_nth || faults->delay_nth == faults->delay_seen;
}

uint64_t cx_cmd_latency_ms(const ConnectXCmd *cmd)
{
    ConnectXCmdFaults *faults = cmd->fn->dev->faults;
    uint64_t ms = 0;

    if (cx_cmd_is_delayed(faults, cmd->opcode)) {
        ms = faults->delay_ms;
    }
    for (guint i = 0; i < faults->latencies->len; i++) {
        const ConnectXLatency *latency = &g_array_index(faults->latencies,
                                                        ConnectXLatency, i);

        if (latency->opcode == cmd->opcode) {
            ms += latency->ms;
        }
    }
    return ms;
}

uint64_t cx_cmd_latency_ms_per_mib(const ConnectXCmd *cmd)
{
    const ConnectXCmdFaults *faults = cmd->fn->dev->faults;
    uint64_t ms = 0;

    for (guint i = 0; i < faults->latencies->len; i++) {
        const ConnectXLatency *latency = &g_array_index(faults->latencies,
                                                        ConnectXLatency, i);

        if (latency->opcode == cmd->opcode) {
            ms += latency->ms_per_mib;
        }
    }
    return ms;
}
