/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: properties of the PF that can be set while it runs,
 * which qdev's own cannot
 *
 * What its firmware can do about migration, how tests make it fail or be slow,
 * and how they see what drivers did wrong.
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qapi/visitor.h"
#include "cmd/fault.h"
#include "device/device.h"
#include "fn/fn.h"
#include "fn/health.h"

static ConnectXCmdFaults *cx_faults(Object *obj)
{
    return CONNECTX_PF(obj)->dev.faults;
}

static char *cx_get_fail_cmd(Object *obj, Error **errp)
{
    return g_strdup(cx_faults(obj)->fail_cmd ?: "");
}

static void cx_set_fail_cmd(Object *obj, const char *value, Error **errp)
{
    cx_cmd_set_fail(cx_faults(obj), value, errp);
}

static char *cx_get_delay_cmd(Object *obj, Error **errp)
{
    return g_strdup(cx_faults(obj)->delay_cmd ?: "");
}

static void cx_set_delay_cmd(Object *obj, const char *value, Error **errp)
{
    cx_cmd_set_delay(cx_faults(obj), value, errp);
}

static char *cx_get_latency(Object *obj, Error **errp)
{
    return g_strdup(cx_faults(obj)->latency ?: "");
}

static void cx_set_latency(Object *obj, const char *value, Error **errp)
{
    cx_cmd_set_latency(cx_faults(obj), value, errp);
}

static char *cx_get_guest_error_last(Object *obj, Error **errp)
{
    return g_strdup(CONNECTX_PF(obj)->dev.guest_errors.last ?: "");
}

/* Nothing of it stays. */
static char *cx_get_dma_write(Object *obj, Error **errp)
{
    return g_strdup("");
}

static void cx_set_dma_write(Object *obj, const char *value, Error **errp)
{
    cx_burst(&CONNECTX_PF(obj)->dev, value, errp);
}

static const struct {
    const char *name;
    char *(*get)(Object *obj, Error **errp);
    void (*set)(Object *obj, const char *value, Error **errp);
    const char *text;
} cx_strings[] = {
    { "x-fail-cmd", cx_get_fail_cmd, cx_set_fail_cmd,
      "Opcode (name or number) to fail; setting it starts the count anew" },
    { "x-delay-cmd", cx_get_delay_cmd, cx_set_delay_cmd,
      "Opcode (name or number) whose completion to delay; starts the count" },
    { "x-latency", cx_get_latency, cx_set_latency,
      "OPCODE=MS or OPCODE=MS+MS_PER_MIB, more of them behind colons" },
    { "x-dma-write", cx_get_dma_write, cx_set_dma_write,
      "FUNCTION:START:BYTES:COUNT:SEED: has it write there, at random" },
    { "x-guest-error-last", cx_get_guest_error_last, NULL,
      "What the newest of x-guest-errors was" },
};

typedef enum ConnectXNumberType {
    CX_UINT32,
    CX_BOOL,
    CX_SIZE,
} ConnectXNumberType;

typedef struct ConnectXNumber {
    const char *name;
    ConnectXNumberType type;
    bool of_faults;             /* else of the device */
    size_t offset;
    const char *text;
} ConnectXNumber;

#define CX_OF_FAULTS(_name, _type, _field, _text) \
    { _name, _type, true, offsetof(ConnectXCmdFaults, _field), _text }
#define CX_OF_DEVICE(_name, _type, _field, _text) \
    { _name, _type, false, offsetof(ConnectXDevice, _field), _text }

static const ConnectXNumber cx_numbers[] = {
    CX_OF_DEVICE("migration", CX_BOOL, vhca.migration,
                 "Whether VFs can be migrated"),
    CX_OF_DEVICE("multi-load", CX_BOOL, vhca.multi_load,
                 "Whether a VF loads several images"),
    CX_OF_DEVICE("tracking", CX_BOOL, vhca.tracking,
                 "Whether VFs that run can be saved"),
    CX_OF_DEVICE("chunks", CX_BOOL, vhca.chunks,
                 "Whether images come in pieces"),
    CX_OF_DEVICE("migration-state", CX_BOOL, vhca.state,
                 "Whether QUERY tells migration_state"),
    CX_OF_DEVICE("image-pad", CX_SIZE, image_pad,
                 "Padding of each full image"),
    CX_OF_DEVICE("delta-pad", CX_SIZE, delta_pad,
                 "Padding of each image of changes"),
    CX_OF_FAULTS("x-fail-nth", CX_UINT32, fail_nth,
                 "Fail only the n-th of them from now on; 0: each"),
    CX_OF_FAULTS("x-fail-status", CX_UINT32, fail_status,
                 "Status of the failed commands"),
    CX_OF_FAULTS("x-delay-ms", CX_UINT32, delay_ms,
                 "By how long"),
    CX_OF_FAULTS("x-delay-nth", CX_UINT32, delay_nth,
                 "Delay only the n-th of them from now on; 0: each"),
    CX_OF_DEVICE("x-save-next", CX_UINT32, save_next,
                 "next_required_umem_size of a SAVE without chunks"),
    CX_OF_DEVICE("x-twice-fails", CX_UINT32, vhca.twice_fails,
                 "1: refuse to suspend or resume what is so already"),
    CX_OF_DEVICE("x-suspend-ends-save", CX_UINT32, vhca.suspend_ends_save,
                 "1: a SUSPEND makes a tracked SAVE fail"),
    CX_OF_DEVICE("x-query-in-save-fails", CX_UINT32, vhca.query_in_save_fails,
                 "1: no incremental QUERY during the first tracked SAVE"),
    CX_OF_DEVICE("x-suspended-track-fails", CX_UINT32,
                 vhca.suspended_track_fails,
                 "1: no tracked SAVE while the initiator is suspended"),
    CX_OF_DEVICE("x-track-fails", CX_UINT32, vhca.track_fails,
                 "1: no tracked SAVE at all"),
    CX_OF_DEVICE("x-track-silent", CX_UINT32, track.silent,
                 "1: page trackers send no report"),
    CX_OF_DEVICE("x-track-forgets", CX_UINT32, track.forgets,
                 "1: a reset empties a VF's page trackers, and nobody is told"),
    CX_OF_DEVICE("x-track-ends", CX_UINT32, track.fails,
                 "1: page trackers fail at the next report"),
    CX_OF_DEVICE("x-track-ends-within", CX_UINT32, track.fails_within,
                 "1: page trackers fail with the next message"),
    CX_OF_DEVICE("x-track-no-event", CX_UINT32, track.no_event,
                 "1: no event when a page tracker fails"),
    CX_OF_DEVICE("x-fatal-function", CX_UINT32, fatal_function,
                 "Whose health x-fatal is about: 0 the device's, n VF n's"),
    CX_OF_DEVICE("x-rdma-loses", CX_UINT32, rdma_loses,
                 "Of so many packets of RDMA one is lost"),
    CX_OF_DEVICE("x-fatal-no-request", CX_UINT32, fatal_no_request,
                 "1: a firmware that died does not ask for a reset"),
};

static bool cx_visit_uint32(Visitor *v, const char *name, void *value,
                            Error **errp)
{
    return visit_type_uint32(v, name, value, errp);
}

static bool cx_visit_bool(Visitor *v, const char *name, void *value,
                          Error **errp)
{
    return visit_type_bool(v, name, value, errp);
}

static bool cx_visit_size(Visitor *v, const char *name, void *value,
                          Error **errp)
{
    return visit_type_size(v, name, value, errp);
}

static const struct {
    const char *name;
    bool (*visit)(Visitor *v, const char *name, void *value, Error **errp);
    size_t bytes;
} cx_types[] = {
    [CX_UINT32] = { "uint32", cx_visit_uint32, sizeof(uint32_t) },
    [CX_BOOL] = { "bool", cx_visit_bool, sizeof(bool) },
    [CX_SIZE] = { "size", cx_visit_size, sizeof(uint64_t) },
};

static void *cx_number(Object *obj, const ConnectXNumber *number)
{
    void *in = number->of_faults ? (void *)cx_faults(obj)
                                 : &CONNECTX_PF(obj)->dev;

    return (char *)in + number->offset;
}

static void cx_get_number(Object *obj, Visitor *v, const char *name,
                          void *opaque, Error **errp)
{
    const ConnectXNumber *number = opaque;

    cx_types[number->type].visit(v, name, cx_number(obj, number), errp);
}

/* A value that is not understood changes nothing. */
static void cx_set_number(Object *obj, Visitor *v, const char *name,
                          void *opaque, Error **errp)
{
    const ConnectXNumber *number = opaque;
    uint64_t value;

    if (cx_types[number->type].visit(v, name, &value, errp)) {
        memcpy(cx_number(obj, number), &value, cx_types[number->type].bytes);
    }
}

static void cx_get_fatal(Object *obj, Visitor *v, const char *name,
                         void *opaque, Error **errp)
{
    ConnectXDevice *dev = &CONNECTX_PF(obj)->dev;
    ConnectXFunction *fn = cx_dev_find_function(dev, dev->fatal_function);
    uint8_t syndrome = fn ? cx_health_syndrome(fn) : 0;

    visit_type_uint8(v, name, &syndrome, errp);
}

static void cx_set_fatal(Object *obj, Visitor *v, const char *name,
                         void *opaque, Error **errp)
{
    ConnectXDevice *dev = &CONNECTX_PF(obj)->dev;
    ConnectXFunction *fn = cx_dev_find_function(dev, dev->fatal_function);
    uint8_t syndrome;

    if (!visit_type_uint8(v, name, &syndrome, errp)) {
        return;
    }
    if (!fn || !syndrome) {
        error_setg(errp, "%s: %s", name, fn ? "only a reset ends an error" :
                                              "no such function");
        return;
    }
    cx_health_fail(fn, syndrome);
}

static void cx_get_guest_errors(Object *obj, Visitor *v, const char *name,
                                void *opaque, Error **errp)
{
    uint64_t total = CONNECTX_PF(obj)->dev.guest_errors.total;

    visit_type_uint64(v, name, &total, errp);
}

void cx_pf_add_run_properties(ObjectClass *class)
{
    for (unsigned i = 0; i < ARRAY_SIZE(cx_strings); i++) {
        object_class_property_add_str(class, cx_strings[i].name,
                                      cx_strings[i].get, cx_strings[i].set);
        object_class_property_set_description(class, cx_strings[i].name,
                                              cx_strings[i].text);
    }
    for (unsigned i = 0; i < ARRAY_SIZE(cx_numbers); i++) {
        object_class_property_add(class, cx_numbers[i].name,
                                  cx_types[cx_numbers[i].type].name,
                                  cx_get_number, cx_set_number, NULL,
                                  (void *)&cx_numbers[i]);
        object_class_property_set_description(class, cx_numbers[i].name,
                                              cx_numbers[i].text);
    }
    object_class_property_add(class, "x-fatal", "uint8", cx_get_fatal,
                              cx_set_fatal, NULL, NULL);
    object_class_property_set_description(class, "x-fatal",
        "Syndrome of a fatal error, which setting it makes happen; 0: none");
    object_class_property_add(class, "x-guest-errors", "uint64",
                              cx_get_guest_errors, NULL, NULL, NULL);
    object_class_property_set_description(class, "x-guest-errors",
        "What drivers of the PF and its VFs have done wrong, since the start");
}
