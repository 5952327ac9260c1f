// SPDX-License-Identifier: GPL-2.0-only
/*
 * A session as the data file of protocol v2: read() of what is saved, write() of what is
 * loaded. The file holds a reference to the session and nothing else.
 */
#include <linux/anon_inodes.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/uaccess.h>
#include <linux/vfio.h>

#include "data_file.h"
#include "load.h"
#include "save.h"
#include "trace.h"
#include "walk.h"

typedef ssize_t (*vpv_transfer_fn)(struct vpv_session *session, struct iov_iter *iter,
				   bool nonblock);

static ssize_t vpv_data_file_transfer(struct kiocb *iocb, struct iov_iter *iter,
				      vpv_transfer_fn transfer)
{
	struct vpv_session *session = iocb->ki_filp->private_data;
	bool nonblock = iocb->ki_filp->f_flags & O_NONBLOCK;
	size_t wanted_bytes;
	ssize_t ret;

	ret = vpv_session_io_lock(session, nonblock);
	if (ret)
		return ret;

	wanted_bytes = iov_iter_count(iter);
	ret = transfer(session, iter, nonblock);
	trace_vpv_transfer(session->mig, transfer == vpv_save_read, wanted_bytes, ret);
	vpv_session_io_unlock(session);
	return ret;
}

static ssize_t vpv_data_file_read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	return vpv_data_file_transfer(iocb, to, vpv_save_read);
}

static ssize_t vpv_data_file_write_iter(struct kiocb *iocb, struct iov_iter *from)
{
	return vpv_data_file_transfer(iocb, from, vpv_load_write);
}

static __poll_t vpv_data_file_poll_save(struct file *filp, struct poll_table_struct *wait)
{
	struct vpv_session *session = filp->private_data;

	poll_wait(filp, &session->wait, wait);
	if (vpv_session_error(session))
		return EPOLLIN | EPOLLRDNORM | EPOLLRDHUP | EPOLLERR;
	return vpv_save_poll(session) ? EPOLLIN | EPOLLRDNORM : 0;
}

static __poll_t vpv_data_file_poll_load(struct file *filp, struct poll_table_struct *wait)
{
	struct vpv_session *session = filp->private_data;

	poll_wait(filp, &session->wait, wait);
	if (vpv_session_error(session))
		return EPOLLOUT | EPOLLWRNORM | EPOLLERR;
	return vpv_load_writable(session) ? EPOLLOUT | EPOLLWRNORM : 0;
}

/* The uAPI's first version gives flags no meaning, and user space gets back what it gave */
static long vpv_data_file_precopy_info(struct vpv_session *session, void __user *arg)
{
	const size_t min_bytes = offsetofend(struct vfio_precopy_info, dirty_bytes);
	struct vfio_precopy_info info;
	struct vpv_save_info save;
	int ret;

	if (copy_from_user(&info, arg, min_bytes))
		return -EFAULT;
	if (info.argsz < min_bytes)
		return -EINVAL;

	ret = vpv_walk_precopy_info(session, &save);
	if (ret)
		return ret;

	if (save.has_flags)
		info.flags = save.reinit ? VFIO_PRECOPY_INFO_REINIT : 0;
	info.initial_bytes = save.initial_bytes;
	info.dirty_bytes = save.dirty_bytes;
	return copy_to_user(arg, &info, min_bytes) ? -EFAULT : 0;
}

static long vpv_data_file_ioctl(struct file *filp, unsigned int cmd, unsigned long arg)
{
	struct vpv_session *session = filp->private_data;

	if (cmd != VFIO_MIG_GET_PRECOPY_INFO || !session->mig->has_precopy)
		return -ENOTTY;

	return vpv_data_file_precopy_info(session, (void __user *)arg);
}

static int vpv_data_file_release(struct inode *inode, struct file *filp)
{
	if (filp->private_data)
		vpv_session_put(filp->private_data);
	return 0;
}

static const struct file_operations vpv_data_file_save_fops = {
	.owner = THIS_MODULE,
	.read_iter = vpv_data_file_read_iter,
	.poll = vpv_data_file_poll_save,
	.unlocked_ioctl = vpv_data_file_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.release = vpv_data_file_release,
};

static const struct file_operations vpv_data_file_load_fops = {
	.owner = THIS_MODULE,
	.write_iter = vpv_data_file_write_iter,
	.poll = vpv_data_file_poll_load,
	.release = vpv_data_file_release,
};

/* A file for a session that is yet to begin, so that want of memory is found out before */
struct file *vpv_data_file_open(bool saves)
{
	struct file *filp;

	filp = anon_inode_getfile("vfio_pci_variant_mig", saves ? &vpv_data_file_save_fops :
				  &vpv_data_file_load_fops, NULL, saves ? O_RDONLY : O_WRONLY);
	if (!IS_ERR(filp))
		stream_open(filp->f_inode, filp);
	return filp;
}

/* Nobody else has the file yet. It takes over the caller's reference. */
void vpv_data_file_attach(struct file *filp, struct vpv_session *session)
{
	filp->private_data = session;
}
