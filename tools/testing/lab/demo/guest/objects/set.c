// SPDX-License-Identifier: GPL-2.0-only
/*
 * Life of a set of objects: created in order, each verified against what was asked
 * for, checked later against what it was at birth, destroyed in reverse order.
 */
#include <linux/bitops.h>
#include <linux/dma-mapping.h>
#include <linux/err.h>
#include <linux/mlx5/driver.h>
#include <linux/slab.h>

#include "set.h"

/* The context as the device tells it, to be freed by the caller. */
static void *object_query(struct object_set *set, enum object_type type)
{
	const struct object_kind *kind = &object_kinds[type];
	void *out;
	int ret;

	out = kzalloc(kind->query_bytes, GFP_KERNEL);
	if (!out)
		return ERR_PTR(-ENOMEM);

	ret = kind->query(set, set->id[type], out);
	if (ret) {
		kfree(out);
		return ERR_PTR(ret);
	}
	return out;
}

static int object_create(struct object_set *set, enum object_type type)
{
	const struct object_kind *kind = &object_kinds[type];
	int ret;

	ret = kind->create(set, &set->id[type]);
	if (ret) {
		dev_err(set->mdev->device, "cannot create %s: %d\n", kind->name, ret);
		return ret;
	}
	__set_bit(type, &set->alive);
	if (!kind->query)
		return 0;

	set->born[type] = object_query(set, type);
	if (IS_ERR(set->born[type])) {
		ret = PTR_ERR(set->born[type]);
		set->born[type] = NULL;
		dev_err(set->mdev->device, "cannot query new %s 0x%x: %d\n", kind->name,
			set->id[type], ret);
		return ret;
	}
	if (!kind->as_sent(set, set->born[type])) {
		dev_err(set->mdev->device, "new %s 0x%x is not what was asked for\n", kind->name,
			set->id[type]);
		return -EBADMSG;
	}
	return 0;
}

/**
 * object_set_create() - make one object of each kind
 * @mdev: the function to make them on
 * @seed: tells this set's objects from another's
 *
 * Return: the set, to be given to object_set_destroy(), or an ERR_PTR.
 */
struct object_set *object_set_create(struct mlx5_core_dev *mdev, u32 seed)
{
	struct object_set *set;
	int type, ret;

	set = kzalloc(sizeof(*set), GFP_KERNEL);
	if (!set)
		return ERR_PTR(-ENOMEM);
	set->mdev = mdev;
	set->seed = seed;

	ret = mlx5_comp_eqn_get(mdev, 0, &set->eqn);
	if (ret)
		goto out_destroy;

	set->uar = mlx5_get_uars_page(mdev);
	if (IS_ERR(set->uar)) {
		ret = PTR_ERR(set->uar);
		set->uar = NULL;
		goto out_destroy;
	}

	set->pages = dma_alloc_coherent(mdev->device, SET_PAGE_NR * PAGE_SIZE,
					&set->dma, GFP_KERNEL);
	if (!set->pages) {
		ret = -ENOMEM;
		goto out_destroy;
	}

	for (type = 0; type < OBJECT_NR; type++) {
		ret = object_create(set, type);
		if (ret)
			goto out_destroy;
	}
	return set;

out_destroy:
	object_set_destroy(set);
	return ERR_PTR(ret);
}

static void object_check_context(struct object_set *set, enum object_type type,
				 struct set_report *report)
{
	const struct object_kind *kind = &object_kinds[type];
	void *out = object_query(set, type);

	if (IS_ERR(out)) {
		dev_err(set->mdev->device, "%s 0x%x is lost: %ld\n", kind->name, set->id[type],
			PTR_ERR(out));
		report->lost++;
		return;
	}
	if (memcmp(out, set->born[type], kind->query_bytes)) {
		dev_err(set->mdev->device, "%s 0x%x has changed\n", kind->name, set->id[type]);
		print_hex_dump(KERN_ERR, "was ", DUMP_PREFIX_OFFSET, 16, 4, set->born[type],
			       kind->query_bytes, false);
		print_hex_dump(KERN_ERR, "is  ", DUMP_PREFIX_OFFSET, 16, 4, out,
			       kind->query_bytes, false);
		report->changed++;
	}
	kfree(out);
}

/**
 * object_set_check() - is every object of the set still what it was
 * @set: the set
 * @report: counts are added to
 */
void object_set_check(struct object_set *set, struct set_report *report)
{
	int type, ret;

	for_each_set_bit(type, &set->alive, OBJECT_NR) {
		const struct object_kind *kind = &object_kinds[type];

		report->objects++;
		if (kind->query)
			object_check_context(set, type, report);
		if (!kind->use)
			continue;
		ret = kind->use(set, set->id[type]);
		if (ret) {
			dev_err(set->mdev->device, "%s 0x%x cannot be used: %d\n", kind->name,
				set->id[type], ret);
			report->unusable++;
		}
	}
}

/*
 * A device that accepts the same destroy twice keeps no books, and its other answers
 * would prove nothing.
 */
static int object_destroy(struct object_set *set, enum object_type type)
{
	const struct object_kind *kind = &object_kinds[type];
	int ret;

	ret = kind->destroy(set, set->id[type]);
	if (ret) {
		dev_err(set->mdev->device, "cannot destroy %s 0x%x: %d\n", kind->name,
			set->id[type], ret);
		return ret;
	}
	if (!kind->query || kind->query(set, set->id[type], set->born[type]))
		return 0;
	dev_err(set->mdev->device, "%s 0x%x is still there\n", kind->name, set->id[type]);
	return -EEXIST;
}

/**
 * object_set_destroy() - remove every object of the set and free it
 * @set: the set, gone after the call whatever the device answers
 *
 * Return: 0, or the first error the device gave.
 */
int object_set_destroy(struct object_set *set)
{
	int type, err, ret = 0;

	for (type = OBJECT_NR - 1; type >= 0; type--) {
		if (test_bit(type, &set->alive)) {
			err = object_destroy(set, type);
			if (!ret)
				ret = err;
		}
		kfree(set->born[type]);
	}
	if (set->pages)
		dma_free_coherent(set->mdev->device, SET_PAGE_NR * PAGE_SIZE,
				  set->pages, set->dma);
	if (set->uar)
		mlx5_put_uars_page(set->mdev, set->uar);
	kfree(set);
	return ret;
}
