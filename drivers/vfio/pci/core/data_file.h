/* SPDX-License-Identifier: GPL-2.0-only */
/* A session as the data file of protocol v2 */
#ifndef VFIO_PCI_VARIANT_DATA_FILE_H
#define VFIO_PCI_VARIANT_DATA_FILE_H

#include <linux/types.h>

struct file;
struct vpv_session;

struct file *vpv_data_file_open(bool saves);
void vpv_data_file_attach(struct file *filp, struct vpv_session *session);

#endif /* VFIO_PCI_VARIANT_DATA_FILE_H */
