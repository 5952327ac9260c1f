// SPDX-License-Identifier: GPL-2.0-only
/*
 * Holds objects on a ConnectX function across a migration and tells whether they
 * survived.
 *
 * Binds to the auxiliary device that mlx5_core offers to RDMA drivers and shows, in
 * /sys/kernel/debug/mlx5_objects/<device>/:
 *
 *	hold	  write N: make N more sets, each with one object of every kind
 *	release	  write anything: destroy them all; fails if one could not be
 *	churn	  write 1 or 0: make, check and destroy sets all the time, so that
 *		  commands are in flight whenever the machine is stopped
 *	check	  read: one line of counts, see check_show()
 */
#include <linux/auxiliary_bus.h>
#include <linux/debugfs.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/mlx5/driver.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include "set.h"

#define HOLD_SETS_MAX	1024
#define CHURN_PAUSE_US	400000
/* Seeds of churned sets start here, clear of those of held ones */
#define CHURN_SEED	0x800000

struct special_contexts {
	u32 dump_fill_mkey;
	u32 resd_lkey;
};

struct holder {
	struct mlx5_core_dev *mdev;
	struct dentry *dir;
	struct special_contexts contexts;
	/* protects sets, next_seed and churn */
	struct mutex lock;
	struct list_head sets;
	u32 next_seed;
	struct task_struct *churn;
	/* written by the churn thread alone */
	u64 churned;
	u64 churn_errors;
};

static struct dentry *holder_root;

static int special_contexts_query(struct mlx5_core_dev *mdev, struct special_contexts *contexts)
{
	u32 out[MLX5_ST_SZ_DW(query_special_contexts_out)] = {};
	u32 in[MLX5_ST_SZ_DW(query_special_contexts_in)] = {};
	int ret;

	MLX5_SET(query_special_contexts_in, in, opcode, MLX5_CMD_OP_QUERY_SPECIAL_CONTEXTS);
	ret = mlx5_cmd_do(mdev, in, sizeof(in), out, sizeof(out));
	contexts->dump_fill_mkey = MLX5_GET(query_special_contexts_out, out, dump_fill_mkey);
	contexts->resd_lkey = MLX5_GET(query_special_contexts_out, out, resd_lkey);
	return ret;
}

/* One life of a set that nobody holds. Return: 0 if everything in it went well. */
static int set_cycle(struct mlx5_core_dev *mdev, u32 seed)
{
	struct set_report report = {};
	struct object_set *set;
	int ret;

	set = object_set_create(mdev, seed);
	if (IS_ERR(set))
		return PTR_ERR(set);
	object_set_check(set, &report);
	ret = object_set_destroy(set);
	if (report.lost || report.changed || report.unusable)
		return -EIO;
	return ret;
}

static int holder_churn(void *data)
{
	struct holder *holder = data;
	u32 seed = CHURN_SEED;

	while (!kthread_should_stop()) {
		if (set_cycle(holder->mdev, seed++))
			holder->churn_errors++;
		else
			holder->churned++;
		usleep_range(CHURN_PAUSE_US, 2 * CHURN_PAUSE_US);
	}
	return 0;
}

static int holder_hold(struct holder *holder, unsigned long nr_sets)
{
	struct object_set *set;

	lockdep_assert_held(&holder->lock);
	if (!nr_sets || nr_sets > HOLD_SETS_MAX)
		return -EINVAL;

	while (nr_sets--) {
		set = object_set_create(holder->mdev, ++holder->next_seed);
		if (IS_ERR(set))
			return PTR_ERR(set);
		list_add_tail(&set->node, &holder->sets);
	}
	return 0;
}

static int holder_release(struct holder *holder)
{
	struct object_set *set, *next;
	int err, ret = 0;

	lockdep_assert_held(&holder->lock);
	list_for_each_entry_safe_reverse(set, next, &holder->sets, node) {
		list_del(&set->node);
		err = object_set_destroy(set);
		if (!ret)
			ret = err;
	}
	return ret;
}

static int holder_churn_start(struct holder *holder)
{
	struct task_struct *task;

	lockdep_assert_held(&holder->lock);
	if (holder->churn)
		return -EALREADY;
	task = kthread_run(holder_churn, holder, "mlx5_objects");
	if (IS_ERR(task))
		return PTR_ERR(task);
	holder->churn = task;
	return 0;
}

static void holder_churn_stop(struct holder *holder)
{
	lockdep_assert_held(&holder->lock);
	if (holder->churn)
		kthread_stop(holder->churn);
	holder->churn = NULL;
}

static ssize_t hold_write(struct file *file, const char __user *buf, size_t len, loff_t *pos)
{
	struct holder *holder = file->private_data;
	unsigned long nr_sets;
	int ret;

	ret = kstrtoul_from_user(buf, len, 0, &nr_sets);
	if (ret)
		return ret;
	mutex_lock(&holder->lock);
	ret = holder_hold(holder, nr_sets);
	mutex_unlock(&holder->lock);
	return ret ? ret : len;
}

static ssize_t release_write(struct file *file, const char __user *buf, size_t len, loff_t *pos)
{
	struct holder *holder = file->private_data;
	int ret;

	mutex_lock(&holder->lock);
	ret = holder_release(holder);
	mutex_unlock(&holder->lock);
	return ret ? ret : len;
}

static ssize_t churn_write(struct file *file, const char __user *buf, size_t len, loff_t *pos)
{
	struct holder *holder = file->private_data;
	bool on;
	int ret;

	ret = kstrtobool_from_user(buf, len, &on);
	if (ret)
		return ret;
	mutex_lock(&holder->lock);
	if (on)
		ret = holder_churn_start(holder);
	else
		holder_churn_stop(holder);
	mutex_unlock(&holder->lock);
	return ret ? ret : len;
}

static const char *contexts_verdict(struct holder *holder)
{
	struct special_contexts is;

	if (special_contexts_query(holder->mdev, &is))
		return "lost";
	return memcmp(&is, &holder->contexts, sizeof(is)) ? "changed" : "ok";
}

/*
 * All held objects are queried and compared with their birth, and one more set is
 * made, checked and destroyed ("fresh").
 */
static int check_show(struct seq_file *m, void *unused)
{
	struct holder *holder = m->private;
	struct set_report report = {};
	struct object_set *set;
	int fresh;

	mutex_lock(&holder->lock);
	list_for_each_entry(set, &holder->sets, node)
		object_set_check(set, &report);
	fresh = set_cycle(holder->mdev, ++holder->next_seed);
	mutex_unlock(&holder->lock);

	seq_printf(m, "objects=%u lost=%u changed=%u unusable=%u fresh=%d contexts=%s ",
		   report.objects, report.lost, report.changed, report.unusable, fresh,
		   contexts_verdict(holder));
	seq_printf(m, "churned=%llu churn_errors=%llu\n", READ_ONCE(holder->churned),
		   READ_ONCE(holder->churn_errors));
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(check);

static const struct file_operations hold_fops = {
	.owner = THIS_MODULE, .open = simple_open, .write = hold_write,
};

static const struct file_operations release_fops = {
	.owner = THIS_MODULE, .open = simple_open, .write = release_write,
};

static const struct file_operations churn_fops = {
	.owner = THIS_MODULE, .open = simple_open, .write = churn_write,
};

static int holder_probe(struct auxiliary_device *adev, const struct auxiliary_device_id *id)
{
	struct mlx5_core_dev *mdev = container_of(adev, struct mlx5_adev, adev)->mdev;
	struct holder *holder;
	int ret;

	holder = devm_kzalloc(&adev->dev, sizeof(*holder), GFP_KERNEL);
	if (!holder)
		return -ENOMEM;
	holder->mdev = mdev;
	mutex_init(&holder->lock);
	INIT_LIST_HEAD(&holder->sets);

	ret = special_contexts_query(mdev, &holder->contexts);
	if (ret)
		return dev_err_probe(&adev->dev, ret, "cannot query special contexts\n");

	holder->dir = debugfs_create_dir(dev_name(mdev->device), holder_root);
	debugfs_create_file("hold", 0200, holder->dir, holder, &hold_fops);
	debugfs_create_file("release", 0200, holder->dir, holder, &release_fops);
	debugfs_create_file("churn", 0200, holder->dir, holder, &churn_fops);
	debugfs_create_file("check", 0400, holder->dir, holder, &check_fops);
	auxiliary_set_drvdata(adev, holder);
	return 0;
}

static void holder_remove(struct auxiliary_device *adev)
{
	struct holder *holder = auxiliary_get_drvdata(adev);

	debugfs_remove_recursive(holder->dir);
	mutex_lock(&holder->lock);
	holder_churn_stop(holder);
	holder_release(holder);
	mutex_unlock(&holder->lock);
	mutex_destroy(&holder->lock);
}

static const struct auxiliary_device_id holder_ids[] = {
	{ .name = MLX5_ADEV_NAME ".rdma" },
	{ }
};
MODULE_DEVICE_TABLE(auxiliary, holder_ids);

static struct auxiliary_driver holder_driver = {
	.name = "objects",
	.probe = holder_probe,
	.remove = holder_remove,
	.id_table = holder_ids,
};

static int __init holder_init(void)
{
	int ret;

	holder_root = debugfs_create_dir("mlx5_objects", NULL);
	ret = auxiliary_driver_register(&holder_driver);
	if (ret)
		debugfs_remove_recursive(holder_root);
	return ret;
}

static void __exit holder_exit(void)
{
	auxiliary_driver_unregister(&holder_driver);
	debugfs_remove_recursive(holder_root);
}

module_init(holder_init);
module_exit(holder_exit);
MODULE_DESCRIPTION("Holds objects on a ConnectX function and checks them");
MODULE_LICENSE("GPL");
