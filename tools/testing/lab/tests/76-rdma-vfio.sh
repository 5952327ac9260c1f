#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# rdma-core's VFIO provider boots a VF that is bound to mlx5_vfio_pci, from user space,
# and has its queue pairs move data; twice, and the stock driver takes the VF afterwards.
#
# lab: pfs=1 vfs=1 cpus=2 mem=1536 release=13 soak-root=12,13-backports timeout=600
# lab: second-root=rdma-13
# lab-model-prop: rdma=on,fw-pages=32

. "$(dirname "$0")/rdma.sh"

drives()
{
	user python3 /src/tools/testing/lab/tests/rdma-vfio.py "$1" >/tmp/drives 2>&1 ||
		{ cat /tmp/drives; return 1; }
	sed -e 's/^/# /' /tmp/drives
}

echo 'blacklist mlx5_ib' >/etc/modprobe.d/lab.conf
{ load_mlx5 && modprobe vfio_iommu_type1; } ||
	fatal "mlx5_core drives the PF, and mlx5_vfio_pci is there"
VF=$(vfio_vfs "$(pf 0)" 1) || fatal "a VF is bound to mlx5_vfio_pci"
ok "a VF is bound to mlx5_vfio_pci"
check "rdma-core's VFIO provider drives it" drives "$VF"
check "and once more" drives "$VF"
check "mlx5_core takes it afterwards" rebind "$VF" mlx5_core
check "and has a network device" wait_for 60 has_netdev "$VF"
finish
