/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: firmware pages
 *
 * A card has no memory of its own and asks the driver for pages. The model
 * needs none, but the property fw-pages makes it ask for that many at boot, at
 * initialization and, by events, while running, and the PF for as many on
 * behalf of each VF, and it keeps books: what was given is used, and is given
 * back.
 */
#include "qemu/osdep.h"
#include "base/guest_error.h"
#include "base/ifc.h"
#include "cmd/cmd.h"
#include "fn/fn.h"
#include "fn/pages.h"
#include "ops/ops.h"
#include "queue/eq.h"
#include "trace.h"

enum {                      /* QUERY_PAGES op_mod */
    CX_PAGES_BOOT       = 1,
    CX_PAGES_INIT       = 2,
    CX_PAGES_REGULAR    = 3,
};

enum {                      /* MANAGE_PAGES op_mod */
    CX_PAGES_CANT_GIVE  = 0,
    CX_PAGES_GIVE       = 1,
    CX_PAGES_TAKE       = 2,
};

/* PAGE_REQUEST: function in the first word, pages (negative: back) second. */
static void cx_pages_request(ConnectXFunction *to, uint16_t number,
                             int32_t pages)
{
    uint8_t data[CX_EQE_DATA_LEN] = { 0 };

    trace_connectx_page_request(to->number, number, pages);
    stl_be_p(data, number);
    stl_be_p(data + 4, pages);
    cx_eq_post(to, CX_EV_PAGE_REQUEST, 0, data);
}

void cx_pages_eq_created(ConnectXFunction *fn)
{
    if (fn->pages->wanted_regular > 0) {
        cx_pages_request(fn, 0, fn->pages->wanted_regular);
    }
}

void cx_pages_vf_enabled(ConnectXFunction *vf, bool enabled)
{
    int32_t held = vf->host_pages->pa->len;

    vf->host_pages->late = !enabled && vf->host_pages->wanted > held;
    vf->host_pages->wanted = enabled ? vf->dev->fw_pages : 0;
    if (vf->host_pages->wanted != held) {
        cx_pages_request(vf->dev->pf, vf->number,
                         vf->host_pages->wanted - held);
    }
}

/*
 * A VF has books from the PF's ENABLE_HCA for it until all that was given after
 * that is back.
 */
static ConnectXStatus cx_pages_check_vf(ConnectXCmd *cmd, ConnectXFunction *vf,
                                        bool take)
{
    if (vf->host_enabled || (take && vf->host_pages->pa->len)) {
        return CX_OK;
    }
    cmd->excused = vf->host_pages->late && !take;
    return CX_BAD_RES_STATE;
}

/* Whose books a page command is about: 0 is the caller's own. */
static ConnectXStatus cx_pages_target(ConnectXCmd *cmd, bool take,
                                      ConnectXFunction **fn, GArray **list)
{
    uint16_t number = CX_GET(manage_pages_in, cmd->in, function_id);

    if (!number || number == cmd->fn->number) {
        *fn = cmd->fn;
        *list = cmd->fn->pages->pa;
        return CX_OK;
    }
    *fn = cmd->fn->is_vf ? NULL : cx_dev_find_function(cmd->fn->dev, number);
    if (!*fn) {
        return CX_BAD_PARAM;
    }
    *list = (*fn)->host_pages->pa;
    return cx_pages_check_vf(cmd, *fn, take);
}

static ConnectXStatus cx_op_query_pages(ConnectXCmd *cmd)
{
    ConnectXFunction *fn;
    ConnectXStatus status;
    GArray *list;
    int32_t pages;

    status = cx_pages_target(cmd, false, &fn, &list);
    if (status != CX_OK) {
        return status;
    }
    switch (cmd->op_mod) {
    case CX_PAGES_BOOT:
        pages = fn->pages->wanted_boot;
        break;
    case CX_PAGES_INIT:
        pages = fn->pages->wanted_init;
        break;
    case CX_PAGES_REGULAR:
        pages = fn->pages->wanted_regular;
        break;
    default:
        return CX_BAD_PARAM;
    }
    if (fn != cmd->fn) {
        pages = fn->host_pages->wanted - (int32_t)list->len;
    }
    CX_SET(query_pages_out, cmd->out, function_id,
           CX_GET(query_pages_in, cmd->in, function_id));
    CX_SET(query_pages_out, cmd->out, num_pages, pages);
    return CX_OK;
}

static void cx_pages_count(int32_t *wanted, uint32_t *given)
{
    uint32_t n = MIN(*given, (uint32_t)MAX(*wanted, 0));

    *wanted -= n;
    *given -= n;
}

/* How many pages are asked for at the moment */
static uint32_t cx_pages_owed(ConnectXCmd *cmd, ConnectXFunction *fn,
                              GArray *list)
{
    if (fn != cmd->fn) {
        return MAX(fn->host_pages->wanted - (int32_t)list->len, 0);
    }
    return MAX(fn->pages->wanted_boot, 0) + MAX(fn->pages->wanted_init, 0) +
           MAX(fn->pages->wanted_regular, 0);
}

static ConnectXStatus cx_pages_give(ConnectXCmd *cmd, ConnectXFunction *fn,
                                    GArray *list, uint32_t n)
{
    const uint8_t *pas = cmd->in + CX_OFF(manage_pages_in, pas);

    if (n > (cmd->in_len - CX_OFF(manage_pages_in, pas)) / 8) {
        return CX_BAD_INPUT_LEN;
    }
    if (n > cx_pages_owed(cmd, fn, list)) {
        cx_guest_error(cmd->fn, "%u pages for fn %u, which did not ask for as "
                       "many", n, fn->number);
        return CX_BAD_PARAM;
    }
    for (uint32_t i = 0; i < n; i++) {
        uint64_t pa = ldq_be_p(pas + i * 8);

        if (pa % CX_PAGE_SIZE || !cx_pages_fill(cmd->fn, pa)) {
            g_array_set_size(list, list->len - i);
            return CX_BAD_PARAM;
        }
        g_array_append_val(list, pa);
    }
    if (fn == cmd->fn) {
        cx_pages_count(&fn->pages->wanted_boot, &n);
        cx_pages_count(&fn->pages->wanted_init, &n);
        cx_pages_count(&fn->pages->wanted_regular, &n);
    }
    return CX_OK;
}

/* Gives back what was given last; a short reply gets what it has room for. */
static ConnectXStatus cx_pages_take(ConnectXCmd *cmd, GArray *list, uint32_t n)
{
    uint32_t room = (cmd->out_len - CX_OFF(manage_pages_out, pas)) / 8;

    n = MIN(MIN(n, room), list->len);
    for (uint32_t i = 0; i < n; i++) {
        uint64_t pa = g_array_index(list, uint64_t, list->len - 1 - i);

        cx_pages_check(cmd->fn, pa);
        stq_be_p(cmd->out + CX_OFF(manage_pages_out, pas) + i * 8, pa);
    }
    g_array_set_size(list, list->len - n);
    CX_SET(manage_pages_out, cmd->out, output_num_entries, n);
    return CX_OK;
}

static ConnectXStatus cx_op_manage_pages(ConnectXCmd *cmd)
{
    uint32_t n = CX_GET(manage_pages_in, cmd->in, input_num_entries);
    ConnectXFunction *fn;
    ConnectXStatus status;
    GArray *list;

    status = cx_pages_target(cmd, cmd->op_mod == CX_PAGES_TAKE, &fn, &list);
    if (status != CX_OK) {
        return status;
    }
    trace_connectx_manage_pages(cmd->fn->number, fn->number, cmd->op_mod, n,
                                list->len);
    fn->pages->changes += fn == cmd->fn;
    switch (cmd->op_mod) {
    case CX_PAGES_CANT_GIVE:
        /* The model can live without: it does not ask again. */
        if (fn == cmd->fn) {
            fn->pages->wanted_regular = 0;
        } else {
            fn->host_pages->wanted = list->len;
        }
        return CX_OK;
    case CX_PAGES_GIVE:
        return cx_pages_give(cmd, fn, list, n);
    case CX_PAGES_TAKE:
        return cx_pages_take(cmd, list, n);
    default:
        return CX_BAD_PARAM;
    }
}

static const ConnectXOp cx_pages_ops[] = {
    { MLX5_CMD_OP_QUERY_PAGES,
      CX_OP_ENABLED | CX_OP_MOD(CX_PAGES_BOOT) | CX_OP_MOD(CX_PAGES_INIT) |
      CX_OP_MOD(CX_PAGES_REGULAR), "QUERY_PAGES", cx_op_query_pages,
      CX_SZ(query_pages_in), CX_SZ(query_pages_out) },
    { MLX5_CMD_OP_MANAGE_PAGES,
      CX_OP_ENABLED | CX_OP_MOD(CX_PAGES_CANT_GIVE) |
      CX_OP_MOD(CX_PAGES_GIVE) | CX_OP_MOD(CX_PAGES_TAKE), "MANAGE_PAGES",
      cx_op_manage_pages, CX_OFF(manage_pages_in, pas),
      CX_OFF(manage_pages_out, pas) },
};

void cx_ops_pages_register(void)
{
    cx_cmd_add_ops(cx_pages_ops, ARRAY_SIZE(cx_pages_ops));
}
