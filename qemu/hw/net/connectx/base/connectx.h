/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: what its files share
 *
 * Vocabulary: a *function* is the PF or one VF; each has its own BAR0, command
 * queue, event queues, object numbers, capability pages and vport. The *device*
 * is a PF with its VFs and the port. An *object* is anything that a command
 * created and a number names.
 *
 * All of the model runs under the big QEMU lock; it has no lock of its own.
 */
#ifndef HW_NET_CONNECTX_H
#define HW_NET_CONNECTX_H

#include "qemu/units.h"
#include "hw/pci/pci_device.h"
#include "net/net.h"
#include "qom/object.h"
#include "base/ifc.h"

#define TYPE_CONNECTX_PF "connectx-pf"
#define TYPE_CONNECTX_VF "connectx-vf"

OBJECT_DECLARE_SIMPLE_TYPE(ConnectXPFState, CONNECTX_PF)
OBJECT_DECLARE_SIMPLE_TYPE(ConnectXVFState, CONNECTX_VF)

typedef struct ConnectXDevice ConnectXDevice;
typedef struct ConnectXFunction ConnectXFunction;
typedef struct ConnectXCmd ConnectXCmd;
typedef struct ConnectXObj ConnectXObj;

#define CX_VENDOR_ID        0x15b3
#define CX_PF_DEVICE_ID     0x101d      /* ConnectX-6 Dx */
#define CX_VF_DEVICE_ID     0x101e      /* ConnectX Family mlx5Gen VF */

#define CX_VFS_MAX          64          /* the vfs property's upper bound */
#define CX_PAGE_SIZE        4096
#define CX_PAGE_SHIFT       12

/*
 * BAR0. The MSI-X table and PBA lie behind the initialization segment
 * (0x2010 bytes) and before the first UAR page that may be allocated.
 */
#define CX_PF_BAR_SIZE      (32 * MiB)
#define CX_VF_BAR_SIZE      (1 * MiB)
#define CX_ISEG_SIZE        0x2010
#define CX_MSIX_TABLE_OFF   0x4000
#define CX_MSIX_PBA_OFF     0x5000
#define CX_UAR_FIRST        8           /* page index in BAR0 */
#define CX_PF_VECTORS       64
#define CX_VF_VECTORS       12

/* Command queue: 32 slots of 64 bytes, the shape every driver expects. */
#define CX_CMD_LOG_SLOTS    5
#define CX_CMD_SLOTS        (1 << CX_CMD_LOG_SLOTS)
#define CX_CMD_LOG_STRIDE   6
#define CX_CMD_LEN_MAX      (16 * MiB)  /* of one input or output */
#define CX_CMD_INLINE       16          /* bytes of it inside the slot */

/* Command status, as out[0] carries it. */
typedef enum ConnectXStatus {
    CX_OK                   = 0x00,
    CX_INTERNAL             = 0x01,
    CX_BAD_OP               = 0x02,
    CX_BAD_PARAM            = 0x03,
    CX_BAD_SYS_STATE        = 0x04,
    CX_BAD_RESOURCE         = 0x05,
    CX_RESOURCE_BUSY        = 0x06,
    CX_NOT_READY            = 0x07,
    CX_EXCEED_LIMIT         = 0x08,
    CX_BAD_RES_STATE        = 0x09,
    CX_BAD_INDEX            = 0x0a,
    CX_NO_RESOURCES         = 0x0f,
    CX_BAD_QP_STATE         = 0x10,
    CX_BAD_INPUT_LEN        = 0x50,
    CX_BAD_OUTPUT_LEN       = 0x51,
    CX_ASYNC                = 0x100,    /* not on the wire: see ConnectXOp */
} ConnectXStatus;

/* ------------------------------------------------------------------------ */
/* Objects (obj/obj.c)                                                  */

/*
 * In an order in which every object follows the ones it needs, but for flow
 * entries and tables, which may name tables created later: cx_obj_link() of
 * all objects therefore comes after cx_obj_insert() of all.
 */
typedef enum ConnectXObjKind {
    CX_OBJ_UAR,
    CX_OBJ_PD,
    CX_OBJ_TD,
    CX_OBJ_XRCD,
    CX_OBJ_Q_COUNTER,
    CX_OBJ_MKEY,            /* number = index; the key is index << 8 | byte */
    CX_OBJ_EQ,
    CX_OBJ_CQ,
    CX_OBJ_TIS,
    CX_OBJ_RMP,
    CX_OBJ_RQ,
    CX_OBJ_SQ,
    CX_OBJ_QP,
    CX_OBJ_XRC_SRQ,
    CX_OBJ_RQT,
    CX_OBJ_TIR,
    CX_OBJ_FLOW_TABLE,
    CX_OBJ_FLOW_GROUP,
    CX_OBJ_FTE,             /* number = table id << 32 | flow index */
    CX_OBJ_KINDS
} ConnectXObjKind;

/*
 * What changes by itself while an object lives, for all kinds alike, so that
 * an image carries one shape. Each kind uses what it needs:
 *   EQ: pi, ci, armed
 *   CQ: pi, ci (of the last arm), armed, solicited, dead (overrun)
 *   SQ, RQ, RMP, QP, XRC SRQ: pi (next WQE to process), state (wire value)
 *   Q_COUNTER: count[0] is out_of_buffer
 */
typedef struct ConnectXObjRun {
    uint32_t pi;
    uint32_t ci;
    uint8_t state;
    bool armed;
    bool solicited;
    bool dead;
    uint64_t count[2];
} ConnectXObjRun;

struct ConnectXObj {
    ConnectXObjKind kind;
    uint64_t id;
    /*
     * The creation command's input (header and fixed part, list members of
     * RQTs and flow entries with it), kept up to date by the MODIFY commands:
     * with pas and run it is all there is to know of the object.
     */
    uint8_t *in;
    uint32_t in_len;
    /* Page or translation list that followed it, host byte order. */
    uint64_t *pas;
    uint32_t npas;
    ConnectXObjRun run;
    /* Derived by cx_obj_link() from the above; never in an image. */
    GPtrArray *uses;        /* objects this one holds a reference on */
    uint32_t refs;          /* objects that hold one on this */
};

/*
 * What the framework must know of a kind. The image code saves every object
 * of every kind for which .saved is set as {id, in, pas, run}.
 */
typedef struct ConnectXObjType {
    const char *name;
    uint32_t in_len_min;    /* fixed part of the creation input */
    uint32_t in_len_max;    /* what an image may claim at most */
    uint32_t first_id;
    uint32_t last_id;
    uint32_t limit;         /* how many a function may have */
    uint8_t space;          /* kinds with the same nonzero space share ids */
    bool has_pas;
    bool saved;
    /*
     * Checks the object's own fields and takes references on what they name.
     * Called after creation and after a load, when the object is in its store.
     */
    ConnectXStatus (*link)(ConnectXFunction *fn, ConnectXObj *obj);
} ConnectXObjType;

typedef struct ConnectXObjStore {
    GTree *tree[CX_OBJ_KINDS];          /* by id, ascending */
    uint32_t next_id[CX_OBJ_KINDS];     /* where the rotating search goes on */
    uint64_t npas;                      /* over all objects, for the limit */
} ConnectXObjStore;

const ConnectXObjType *cx_obj_type(ConnectXObjKind kind);
void cx_obj_store_init(ConnectXObjStore *store);
/* Frees every object without regard to references. */
void cx_obj_store_clear(ConnectXObjStore *store);
void cx_obj_store_destroy(ConnectXObjStore *store);

/*
 * cx_obj_create - Store a new object under the next free number.
 * Copies in; takes over pas (g_malloc), also on failure. On success *objp is
 * linked and belongs to the store.
 */
ConnectXStatus cx_obj_create(ConnectXFunction *fn, ConnectXObjKind kind,
                             const void *in, uint32_t in_len,
                             uint64_t *pas, uint32_t npas, ConnectXObj **objp);
/* The same under a given number and without linking: for images and FTEs. */
ConnectXStatus cx_obj_insert(ConnectXFunction *fn, ConnectXObjKind kind,
                             uint64_t id, const void *in, uint32_t in_len,
                             uint64_t *pas, uint32_t npas, ConnectXObj **objp);
/* Drops the references that obj holds and takes those its fields ask for. */
ConnectXStatus cx_obj_link(ConnectXFunction *fn, ConnectXObj *obj);
/* Links all objects of the store; stops at the first that fails. */
ConnectXStatus cx_obj_link_all(ConnectXFunction *fn);
ConnectXObj *cx_obj_find(ConnectXFunction *fn, ConnectXObjKind kind,
                         uint64_t id);
/* From within .link: reference the object, or CX_BAD_RESOURCE. */
ConnectXStatus cx_obj_use(ConnectXFunction *fn, ConnectXObj *obj,
                          ConnectXObjKind kind, uint64_t id);
/* CX_BAD_RESOURCE when there is none, CX_RESOURCE_BUSY when it is in use. */
ConnectXStatus cx_obj_destroy(ConnectXFunction *fn, ConnectXObjKind kind,
                              uint64_t id);
uint32_t cx_obj_count(ConnectXFunction *fn, ConnectXObjKind kind);
/* Calls visit for each object in ascending id until it returns true. */
typedef bool (*ConnectXObjVisit)(ConnectXObj *obj, void *opaque);
bool cx_obj_foreach(ConnectXFunction *fn, ConnectXObjKind kind,
                    ConnectXObjVisit visit, void *opaque);

/* ------------------------------------------------------------------------ */
/* Capability pages (fn/caps.c)                                        */

#define CX_CAP_PAGE_SIZE    4096
#define CX_CAP_TYPES        0x40        /* QUERY_HCA_CAP op_mod >> 1 */

/* Those of them that the model has */
enum {
    CX_CAP_GENERAL              = 0x00,
    CX_CAP_ETHERNET             = 0x01,
    CX_CAP_FLOW_TABLE           = 0x07,
    CX_CAP_ESWITCH_FLOW_TABLE   = 0x08,
    CX_CAP_ESWITCH              = 0x09,
    CX_CAP_GENERAL_2            = 0x20,
};

/* Only types that the function has are allocated: cur[t] and max[t] together */
typedef struct ConnectXCaps {
    uint8_t *cur[CX_CAP_TYPES];
    uint8_t *max[CX_CAP_TYPES];
} ConnectXCaps;

/* Back to what the function offers at power-up (a FLR undoes SET_HCA_CAP). */
void cx_caps_reset(ConnectXFunction *fn);
void cx_caps_free(ConnectXFunction *fn);

/*
 * cx_caps_check - May page become the function's current page of that type?
 * Only the fields that a driver may set can differ from the maximum page, and
 * none may exceed it. by_pf: the PF sets it for a VF, which may change more.
 */
ConnectXStatus cx_caps_check(ConnectXFunction *fn, unsigned type,
                             const uint8_t *page, bool by_pf);
/* The same, and then makes it so. */
ConnectXStatus cx_caps_set(ConnectXFunction *fn, unsigned type,
                           const uint8_t *page, bool by_pf);

/* Field of a current page; 0 when the function has no such page. */
#define CX_CAP(fn, type, s, f) \
    ((fn)->caps.cur[type] ? CX_GET(s, (fn)->caps.cur[type], f) : 0)

/* ------------------------------------------------------------------------ */
/* Vport                                                                     */

#define CX_MAC_LIST_MAX     128         /* 1 << log_max_current_uc/mc_list */

typedef struct ConnectXMacList {
    uint32_t n;
    uint8_t mac[CX_MAC_LIST_MAX][6];
} ConnectXMacList;

typedef struct ConnectXVport {
    uint16_t number;                    /* 0 PF, n VF n */
    /* Set by the PF's administrator; survive a reset of the function. */
    uint8_t permanent_mac[6];
    uint64_t node_guid;
    uint64_t port_guid;
    uint8_t admin_state;                /* 0 down, 1 up, 2 follow the port */
    uint8_t esw_context[0x100];         /* esw_vport_context */
    /* Belong to the function's own driver: saved in an image. */
    ConnectXMacList uc, mc, vlan;       /* vlan: id in the first two bytes */
    bool promisc_uc, promisc_mc, promisc_all;
    uint16_t mtu;
    bool port_up;                       /* by PAOS; each function's own view */
    bool roce_en;
    bool disable_uc_lb, disable_mc_lb;
    /* Change events that the PF armed, and for which changes. */
    bool armed;
    uint8_t event_mask;                 /* nic_vport_context.event_on_* */
    /* rx, tx: packets and bytes by unicast, multicast, broadcast */
    uint64_t rx[3][2], tx[3][2];
} ConnectXVport;

/* ------------------------------------------------------------------------ */
/* Functions (fn/fn.c)                                                 */

typedef enum ConnectXFnState {          /* C.1 of a function's life */
    CX_FN_RESET,                        /* no ENABLE_HCA */
    CX_FN_ENABLED,
    CX_FN_OPERATIONAL,                  /* after INIT_HCA */
} ConnectXFnState;

enum {
    CX_SUSP_INITIATOR = 1 << 0,         /* no DMA, events, command starts */
    CX_SUSP_RESPONDER = 1 << 1,         /* register writes latched only */
};

/* A register write that came while the responder was suspended. */
typedef struct ConnectXLatch {
    uint32_t offset;
    uint32_t size;
    uint64_t value;
} ConnectXLatch;

#define CX_LATCH_MAX        1024

/* Firmware pages: those that this function's own driver gave. */
typedef struct ConnectXPages {
    GArray *pa;                         /* uint64_t, in the order given */
    int32_t wanted_boot, wanted_init, wanted_regular;
} ConnectXPages;

struct ConnectXFunction {
    PCIDevice *pci;
    ConnectXDevice *dev;
    bool is_vf;
    uint16_t number;                    /* function_id and vport: 0 PF, n VF */
    uint16_t vhca_id;
    uint32_t nvectors;
    MemoryRegion bar;
    /* First half of a doorbell that a 32-bit driver writes in two. */
    uint32_t db_half_offset, db_half;

    /* Function state: saved. */
    ConnectXFnState state;
    uint16_t issi;
    uint8_t nic_interface;
    uint64_t cmdq_addr;                 /* 0: none written yet */
    uint32_t cmdq_addr_h;               /* written, not yet latched */
    uint8_t sw_owner_id[16];
    /* internal_timer is the virtual clock plus this: it never runs back. */
    int64_t timer_offset_ns;
    uint32_t flow_root[16];             /* by table type; 0: none */
    ConnectXCaps caps;
    ConnectXObjStore objs;
    ConnectXPages pages;
    ConnectXVport vport;                /* see there what is saved of it */

    /* Command machine. Saved: pending. */
    uint32_t pending;                   /* slots rung and not started */
    uint32_t inflight;                  /* slots started and not completed */
    QTAILQ_HEAD(, ConnectXCmd) cmds;
    uint32_t cmd_eqn;                   /* EQ with the CMD event, 0: none */

    /* Migration; owned by vhca/vhca.c, cleared by reset. */
    uint8_t suspended;                  /* CX_SUSP_* */
    bool tracked;
    uint64_t generation;                /* bumped by every state change */
    uint64_t saved_generation;
    void *vhca;                         /* its private state, or NULL */

    GArray *latch;                      /* of ConnectXLatch, <= CX_LATCH_MAX */
    QEMUBH *rescan_bh;
    uint64_t dma_errors;
    /* Not reset by FLR: the PF's ENABLE_HCA(function_id) came for this VF. */
    bool host_enabled;
    /* Pages given by the PF on this VF's behalf (PF's addresses, not saved) */
    GArray *host_pages;
    int32_t host_pages_wanted;
};

struct ConnectXDevice {
    ConnectXFunction *pf;
    ConnectXFunction *vf[CX_VFS_MAX];   /* index: function number - 1 */
    uint16_t nr_vfs;
    NICState *nic;
    NICConf nic_conf;
    bool in_msi;                        /* own register writes are refused */
    uint32_t sw_reset_owner;            /* semaphore of the VSC gateway */
    /* The port: up whenever there is a cable, as with keep_eth_link_up */
    uint16_t port_mtu;                  /* of the hardware: IP MTU + 22 */
    /* Properties */
    uint32_t fw_pages;
    uint64_t image_pad;
    bool migratable;
    bool eswitch;
    /* Fault injection; may be set at run time too (qom-set) */
    char *fail_cmd;                     /* opcode name or number, or NULL */
    uint16_t fail_opcode;
    uint32_t fail_nth;                  /* only the n-th from now; 0: each */
    uint32_t fail_status;
    uint32_t fail_seen;                 /* commands of that kind so far */
    char *delay_cmd;
    uint16_t delay_opcode;
    uint32_t delay_ms;
    uint32_t save_next;                 /* junk in a reserved field of SAVE */
};

struct ConnectXPFState {
    PCIDevice parent_obj;
    ConnectXFunction fn;
    ConnectXDevice dev;
    uint16_t vfs;
};

struct ConnectXVFState {
    PCIDevice parent_obj;
    ConnectXFunction fn;
};

/* NULL when there is none; the PF has vhca_id 0. */
ConnectXFunction *cx_dev_find_vhca(ConnectXDevice *dev, uint16_t vhca_id);
ConnectXFunction *cx_dev_find_function(ConnectXDevice *dev, uint16_t number);

void cx_fn_init(ConnectXFunction *fn, PCIDevice *pci, ConnectXDevice *dev,
                uint16_t number);
void cx_fn_uninit(ConnectXFunction *fn);
/* FLR: everything but what the PF set for a VF. Runs the reset hooks first. */
void cx_fn_reset(ConnectXFunction *fn);
/* TEARDOWN_HCA and what a reset has in common with it: objects and vport. */
void cx_fn_teardown(ConnectXFunction *fn);

/* Called at the start of each reset, before anything is cleared. */
typedef void (*ConnectXResetHook)(ConnectXFunction *fn);
void cx_fn_add_reset_hook(ConnectXResetHook hook);

/*
 * cx_fn_may_dma - May the function touch memory, raise events, start commands?
 * Not while the initiator is suspended or bus mastering is off.
 */
bool cx_fn_may_dma(const ConnectXFunction *fn);
/*
 * cx_fn_quiesce - Bring a function to rest; call after setting suspended bits.
 * Waits for nothing: all work of the model is done in the call that starts it,
 * except delayed commands, which this completes at once (the one thing that
 * still reaches memory after the bits were set).
 */
void cx_fn_quiesce(ConnectXFunction *fn);
/*
 * cx_fn_rescan - Catch up; call after clearing suspended bits.
 * Replays latched writes, starts pending commands, processes the send queues'
 * doorbell records, fires armed CQs and EQs with entries not consumed.
 */
void cx_fn_rescan(ConnectXFunction *fn);
/* Recomputes what derives from saved state; call after filling it in. */
void cx_fn_loaded(ConnectXFunction *fn);
/* A state that an image holds changed: pre-copy must send it again. */
static inline void cx_fn_changed(ConnectXFunction *fn)
{
    fn->generation++;
}

/* ------------------------------------------------------------------------ */
/* Memory (host/dma.c)                                                   */

/* All through the function's own requester id. False: bus error, or may not */
bool cx_dma_read(ConnectXFunction *fn, uint64_t addr, void *buf, uint64_t len);
bool cx_dma_write(ConnectXFunction *fn, uint64_t addr, const void *buf,
                  uint64_t len);
/*
 * cx_mkey_read/write - Copy through a memory key of the function.
 * CX_OK, CX_BAD_RESOURCE (no such key), CX_BAD_PARAM (outside of it, no such
 * right), CX_INTERNAL (bus error).
 */
ConnectXStatus cx_mkey_read(ConnectXFunction *fn, uint32_t mkey, uint64_t va,
                            void *buf, uint64_t len);
ConnectXStatus cx_mkey_write(ConnectXFunction *fn, uint32_t mkey, uint64_t va,
                             const void *buf, uint64_t len);

/* ------------------------------------------------------------------------ */
/* Commands (cmd/cmd.c)                                                 */

enum {
    CX_OP_ANY_STATE     = 1 << 0,       /* before ENABLE_HCA too */
    CX_OP_ENABLED       = 1 << 1,       /* from ENABLE_HCA on */
                                        /* neither: from INIT_HCA on */
    CX_OP_PF_ONLY       = 1 << 2,       /* a VF gets CX_BAD_OP */
    CX_OP_CHANGES       = 1 << 3,       /* success bumps fn->generation */
};

/*
 * One row of the opcode table. The transport has checked length, state and
 * caller before it calls the handler. The handler reads cmd->in, fills
 * cmd->out (zeroed, at least out_len bytes) and returns the status, or
 * CX_ASYNC if it will call cx_cmd_complete() later.
 */
typedef struct ConnectXOp {
    uint16_t opcode;
    uint16_t flags;
    const char *name;
    ConnectXStatus (*handler)(ConnectXCmd *cmd);
    uint32_t in_len;                    /* fixed part; more is the handler's */
    uint32_t out_len;
} ConnectXOp;

struct ConnectXCmd {
    ConnectXFunction *fn;               /* whose queue it came on */
    const ConnectXOp *op;
    uint8_t slot;
    uint8_t token;
    uint16_t opcode, op_mod;
    uint8_t *in;
    uint32_t in_len;
    uint8_t *out;                       /* MAX(out_len, op->out_len) bytes */
    uint32_t out_len;                   /* what the driver has room for */
    uint64_t *chain;                    /* addresses of the reply's blocks */
    uint32_t syndrome;                  /* handlers may set: any number */
    /*
     * Private data of an asynchronous handler, and what to do about it when
     * the command dies early with a reset: it must not complete then.
     */
    void *opaque;
    void (*cancel)(ConnectXCmd *cmd);
    /* Transport's own */
    bool had_cmd_eq;
    ConnectXStatus status;
    QEMUTimer *delay;
    QTAILQ_ENTRY(ConnectXCmd) next;
};

/* Adds rows to the opcode table; ops must live forever. Once per opcode. */
void cx_cmd_register(const ConnectXOp *ops, size_t n);
/* NULL for an opcode that the model does not know. */
const ConnectXOp *cx_cmd_find_op(uint16_t opcode);
/* An opcode by name (any case) or number. */
bool cx_cmd_parse(const char *what, uint16_t *opcode);
void cx_cmd_complete(ConnectXCmd *cmd, ConnectXStatus status);
void cx_cmd_doorbell(ConnectXFunction *fn, uint32_t slots);
void cx_cmd_run_pending(ConnectXFunction *fn);
/* Completes delayed commands (quiesce) or drops all of them (reset). */
void cx_cmd_flush_delayed(ConnectXFunction *fn);
void cx_cmd_cancel_all(ConnectXFunction *fn);

/* ------------------------------------------------------------------------ */
/* BAR0 (device/iseg.c); opaque is the function                            */

extern const MemoryRegionOps cx_bar_ops;
void cx_bar_write(ConnectXFunction *fn, uint32_t offset, uint64_t value,
                  unsigned size);

/* ------------------------------------------------------------------------ */
/* Queues                                                                    */

/* Events, by the number that the EQ's bit mask uses too. */
enum {
    CX_EV_COMP              = 0x00,
    CX_EV_CQ_ERROR          = 0x04,
    CX_EV_PORT_CHANGE       = 0x09,
    CX_EV_CMD               = 0x0a,
    CX_EV_PAGE_REQUEST      = 0x0b,
    CX_EV_NIC_VPORT_CHANGE  = 0x0d,
};

#define CX_EQE_DATA_LEN     28

/* To the function's EQ that asked for the event; dropped if there is none. */
void cx_eq_post(ConnectXFunction *fn, uint8_t event, uint8_t sub_type,
                const uint8_t data[CX_EQE_DATA_LEN]);

#endif /* HW_NET_CONNECTX_H */
