/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A set of device objects which depend on each other, one of each kind, made by
 * commands on the function's own command queue and kept out of any driver's way.
 */
#ifndef MLX5_OBJECTS_SET_H
#define MLX5_OBJECTS_SET_H

#include <linux/list.h>
#include <linux/types.h>

struct mlx5_core_dev;
struct mlx5_uars_page;

/* In order of creation: each kind refers only to kinds before it. */
enum object_type {
	OBJECT_PD,
	OBJECT_TRANSPORT_DOMAIN,
	OBJECT_Q_COUNTER,
	OBJECT_CQ,
	OBJECT_MKEY,
	OBJECT_TIS,
	OBJECT_RQ,
	OBJECT_SQ,
	OBJECT_RQT,
	OBJECT_TIR,
	OBJECT_FLOW_TABLE,
	OBJECT_NR
};

/* Pages of a set's DMA memory: one for each queue and one for the doorbell records. */
enum set_page {
	SET_PAGE_CQ,
	SET_PAGE_RQ,
	SET_PAGE_SQ,
	SET_PAGE_DOORBELLS,
	SET_PAGE_NR
};

/**
 * struct object_set - one object of each kind
 * @node: for the owner of the set
 * @mdev: the function the objects live on
 * @seed: every value the set is free to choose follows from it
 * @eqn: event queue the CQ reports to; it is never armed
 * @uar: doorbell page the queues name
 * @pages: DMA memory of the queues, SET_PAGE_NR pages
 * @dma: device address of @pages
 * @alive: bit per object_type that exists on the device
 * @id: the device's name for each object
 * @born: what the device answered to a query right after creation
 */
struct object_set {
	struct list_head node;
	struct mlx5_core_dev *mdev;
	u32 seed;
	int eqn;
	struct mlx5_uars_page *uar;
	void *pages;
	dma_addr_t dma;
	unsigned long alive;
	u32 id[OBJECT_NR];
	void *born[OBJECT_NR];
};

/**
 * struct object_kind - what can be done with objects of one type
 * @name: for reports
 * @create: makes the object and stores its id
 * @query: reads its context into a zeroed buffer of @query_bytes; NULL if the
 *	device has no such command
 * @query_bytes: size of the answer
 * @as_sent: does the context hold what create() asked for
 * @use: makes and destroys something which refers to the object, for kinds that
 *	cannot be queried
 * @destroy: removes it
 */
struct object_kind {
	const char *name;
	int (*create)(struct object_set *set, u32 *id);
	int (*query)(struct object_set *set, u32 id, void *out);
	size_t query_bytes;
	bool (*as_sent)(struct object_set *set, const void *out);
	int (*use)(struct object_set *set, u32 id);
	int (*destroy)(struct object_set *set, u32 id);
};

/* Counts of a check; every field but @objects is zero on a healthy device. */
struct set_report {
	unsigned int objects;
	unsigned int lost;
	unsigned int changed;
	unsigned int unusable;
};

extern const struct object_kind object_kinds[OBJECT_NR];

struct object_set *object_set_create(struct mlx5_core_dev *mdev, u32 seed);
void object_set_check(struct object_set *set, struct set_report *report);
int object_set_destroy(struct object_set *set);

#endif
