/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: flow tables, compiled
 */
#include "qemu/osdep.h"
#include "base/ifc.h"
#include "fn/fn.h"
#include "obj/obj.h"
#include "packet/fields.h"
#include "switch/fte.h"
#include "switch/match.h"

#define CX_PACKET_WORDS     (CX_PACKET_BYTES / 4)

/* match_criteria_enable: the parts of a packet that are here */
#define CX_CRITERIA_OUTER   (1 << 0)
#define CX_CRITERIA_MISC    (1 << 1)

/* What of a packet a group matches, and the index of the entry that wants it */
typedef struct ConnectXMatchKey {
    uint32_t n;
    uint32_t index;
    uint32_t word[CX_PACKET_WORDS];
} ConnectXMatchKey;

typedef struct ConnectXMatchGroup {
    uint32_t id;
    uint32_t first, last;               /* entries that it has room for */
    uint32_t n;                         /* words of a packet that it matches */
    uint8_t at[CX_PACKET_WORDS];
    uint32_t mask[CX_PACKET_WORDS];
    GTree *entries;                     /* set of ConnectXMatchKey */
} ConnectXMatchGroup;

struct ConnectXFlows {
    GHashTable *tables;                 /* id -> GPtrArray of groups, sorted */
};

/* By words first: entries that want the same follow each other by index. */
static gint cx_match_compare(gconstpointer a, gconstpointer b, gpointer opaque)
{
    const ConnectXMatchKey *x = a, *y = b;
    int order = memcmp(x->word, y->word, x->n * 4);

    return order ?: (x->index < y->index ? -1 : x->index > y->index);
}

static void cx_match_key(const ConnectXMatchGroup *group, const uint8_t *from,
                         ConnectXMatchKey *key)
{
    key->n = group->n;
    for (uint32_t i = 0; i < group->n; i++) {
        key->word[i] = ldl_be_p(from + group->at[i] * 4) & group->mask[i];
    }
}

static void cx_match_entry_key(const ConnectXMatchGroup *group,
                               const ConnectXObj *fte, ConnectXMatchKey *key)
{
    cx_match_key(group, CX_ADDR(set_fte_in, fte->in, flow_context.match_value),
                 key);
    key->index = cx_fte_index(fte);
}

static void cx_match_group_add(ConnectXMatchGroup *group,
                               const ConnectXObj *fte)
{
    ConnectXMatchKey key;
    gpointer copy;

    cx_match_entry_key(group, fte, &key);
    copy = g_memdup2(&key, offsetof(ConnectXMatchKey, word) + key.n * 4);
    g_tree_replace(group->entries, copy, copy);
}

static uint32_t cx_fte_group(const ConnectXObj *fte)
{
    return CX_GET(set_fte_in, fte->in, flow_context.group_id);
}

static void cx_match_group_fill(ConnectXFunction *fn, uint32_t table,
                                ConnectXMatchGroup *group)
{
    uint64_t end = cx_fte_id(table, group->last);
    const ConnectXObj *fte;

    fte = cx_obj_from(fn, CX_OBJ_FTE, cx_fte_id(table, group->first));
    while (fte && fte->id <= end) {
        if (cx_fte_group(fte) == group->id) {
            cx_match_group_add(group, fte);
        }
        fte = cx_obj_from(fn, CX_OBJ_FTE, fte->id + 1);
    }
}

static void cx_match_group_free(gpointer p)
{
    ConnectXMatchGroup *group = p;

    g_tree_unref(group->entries);
    g_free(group);
}

/* The mask of a group's part, if its criteria have that. */
static void cx_match_mask(const uint8_t *in, unsigned bit, uint32_t from,
                          uint32_t to, uint8_t mask[CX_PACKET_BYTES])
{
    if (CX_GET(create_flow_group_in, in, match_criteria_enable) & bit) {
        memcpy(mask + from,
               (uint8_t *)CX_ADDR(create_flow_group_in, in, match_criteria) +
               from, to - from);
    }
}

static void cx_match_masks(const uint8_t *in, uint8_t mask[CX_PACKET_BYTES])
{
    const uint32_t misc = CX_OFF(fte_match_param, misc_parameters);

    memset(mask, 0, CX_PACKET_BYTES);
    cx_match_mask(in, CX_CRITERIA_OUTER, 0, misc, mask);
    cx_match_mask(in, CX_CRITERIA_MISC, misc, CX_PACKET_BYTES, mask);
}

bool cx_match_known(const uint8_t *group_in)
{
    uint8_t mask[CX_PACKET_BYTES], known[CX_PACKET_BYTES] = { 0 };
    uint8_t *misc = CX_ADDR(fte_match_param, known, misc_parameters);

    if (CX_GET(create_flow_group_in, group_in, match_criteria_enable) &
        ~(CX_CRITERIA_OUTER | CX_CRITERIA_MISC)) {
        return false;
    }
    cx_match_masks(group_in, mask);
    cx_fields_known(known);
    CX_SET(fte_match_set_misc, misc, source_sqn, ~0);
    CX_SET(fte_match_set_misc, misc, source_port, ~0);
    for (size_t i = 0; i < sizeof(mask); i++) {
        if (mask[i] & ~known[i]) {
            return false;
        }
    }
    return true;
}

static ConnectXMatchGroup *cx_match_group_new(ConnectXFunction *fn,
                                              const ConnectXObj *obj,
                                              uint32_t table)
{
    ConnectXMatchGroup *group = g_new0(ConnectXMatchGroup, 1);
    uint8_t mask[CX_PACKET_BYTES];

    group->id = obj->id;
    group->first = CX_GET(create_flow_group_in, obj->in, start_flow_index);
    group->last = CX_GET(create_flow_group_in, obj->in, end_flow_index);
    cx_match_masks(obj->in, mask);
    for (uint32_t i = 0; i < CX_PACKET_WORDS; i++) {
        uint32_t word = ldl_be_p(mask + i * 4);

        if (word) {
            group->at[group->n] = i;
            group->mask[group->n++] = word;
        }
    }
    group->entries = g_tree_new_full(cx_match_compare, NULL, g_free, NULL);
    cx_match_group_fill(fn, table, group);
    return group;
}

static gint cx_match_order(gconstpointer a, gconstpointer b)
{
    const ConnectXMatchGroup *x = *(ConnectXMatchGroup *const *)a;
    const ConnectXMatchGroup *y = *(ConnectXMatchGroup *const *)b;

    return x->first < y->first ? -1 : x->first > y->first;
}

typedef struct ConnectXMatchBuild {
    ConnectXFunction *fn;
    uint32_t table;
    GPtrArray *groups;
} ConnectXMatchBuild;

static bool cx_match_collect(ConnectXObj *obj, void *opaque)
{
    ConnectXMatchBuild *build = opaque;

    if (CX_GET(create_flow_group_in, obj->in, table_id) == build->table) {
        g_ptr_array_add(build->groups,
                        cx_match_group_new(build->fn, obj, build->table));
    }
    return false;
}

static GPtrArray *cx_match_table(ConnectXFunction *fn, uint32_t table)
{
    ConnectXMatchBuild build = { .fn = fn, .table = table };

    build.groups = g_hash_table_lookup(fn->flows->tables,
                                       GUINT_TO_POINTER(table));
    if (build.groups) {
        return build.groups;
    }
    build.groups = g_ptr_array_new_with_free_func(cx_match_group_free);
    cx_obj_foreach(fn, CX_OBJ_FLOW_GROUP, cx_match_collect, &build);
    g_ptr_array_sort(build.groups, cx_match_order);
    g_hash_table_insert(fn->flows->tables, GUINT_TO_POINTER(table),
                        build.groups);
    return build.groups;
}

typedef struct ConnectXMatchSearch {
    ConnectXMatchKey key;
    const ConnectXMatchKey *found;
} ConnectXMatchSearch;

/* Of entries that want the same, the last one met on the way down is first. */
static gint cx_match_step(gconstpointer key, gconstpointer opaque)
{
    ConnectXMatchSearch *search = (void *)opaque;
    const ConnectXMatchKey *entry = key;
    int order = memcmp(search->key.word, entry->word, entry->n * 4);

    if (order) {
        return order;
    }
    search->found = entry;
    return -1;
}

/* The first entry that wants what the packet has */
static const ConnectXMatchKey *cx_match_look(const ConnectXMatchGroup *group,
                                             const uint8_t *packet)
{
    ConnectXMatchSearch search;

    search.found = NULL;
    cx_match_key(group, packet, &search.key);
    g_tree_search(group->entries, cx_match_step, &search);
    return search.found;
}

const ConnectXObj *cx_match_find(ConnectXFunction *fn, uint32_t table,
                                 const uint8_t packet[CX_PACKET_BYTES],
                                 unsigned *lookups)
{
    GPtrArray *groups = cx_match_table(fn, table);

    for (guint i = 0; i < groups->len && *lookups; i++) {
        const ConnectXMatchKey *found;

        --*lookups;
        found = cx_match_look(g_ptr_array_index(groups, i), packet);
        if (found) {
            return cx_obj_find(fn, CX_OBJ_FTE,
                               cx_fte_id(table, found->index));
        }
    }
    return NULL;
}

/* The compiled group that an entry belongs to, if there is one. */
static ConnectXMatchGroup *cx_match_group_of(ConnectXFlows *flows,
                                             const ConnectXObj *fte)
{
    GPtrArray *groups = g_hash_table_lookup(flows->tables,
                                     GUINT_TO_POINTER(cx_fte_table(fte)));

    for (guint i = 0; groups && i < groups->len; i++) {
        ConnectXMatchGroup *group = g_ptr_array_index(groups, i);

        if (group->id == cx_fte_group(fte)) {
            return group;
        }
    }
    return NULL;
}

void cx_match_add(ConnectXFlows *flows, const ConnectXObj *fte)
{
    ConnectXMatchGroup *group = cx_match_group_of(flows, fte);

    if (group) {
        cx_match_group_add(group, fte);
    }
}

void cx_match_remove(ConnectXFlows *flows, const ConnectXObj *fte)
{
    ConnectXMatchGroup *group = cx_match_group_of(flows, fte);
    ConnectXMatchKey key;

    if (group) {
        cx_match_entry_key(group, fte, &key);
        g_tree_remove(group->entries, &key);
    }
}

void cx_match_forget_table(ConnectXFlows *flows, uint32_t table)
{
    g_hash_table_remove(flows->tables, GUINT_TO_POINTER(table));
}

void cx_match_clear(ConnectXFlows *flows)
{
    g_hash_table_remove_all(flows->tables);
}

ConnectXFlows *cx_match_new(void)
{
    ConnectXFlows *flows = g_new0(ConnectXFlows, 1);

    flows->tables = g_hash_table_new_full(NULL, NULL, NULL,
                                          (GDestroyNotify)g_ptr_array_unref);
    return flows;
}

void cx_match_free(ConnectXFlows *flows)
{
    g_hash_table_unref(flows->tables);
    g_free(flows);
}
