/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Before 6.2 mlx5_ifc.h does not describe what the migration commands and the
 * second page of general capabilities have beyond one image per migration, before
 * 7.1 not how a VF tells that it was set up anew. The bits were reserved then and
 * firmware that lacks them returns zeroes, so the newer layouts can be used with
 * any. MLX5_SET() and its like make the structure name by pasting, and the result
 * is subject to the macros below.
 */

#ifndef COMPAT_LINUX_MLX5_MLX5_IFC_H
#define COMPAT_LINUX_MLX5_MLX5_IFC_H

#include_next <linux/mlx5/mlx5_ifc.h>

#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(7, 1, 0)

/* Has no more of the page than the VHCA migration commands look at */
struct mlx5_ifc_compat_cmd_hca_cap_2_bits {
	u8         reserved_at_0[0x80];

	u8         migratable[0x1];
	u8         reserved_at_81[0x1f];

	u8         reserved_at_a0[0x20];

	u8         reserved_at_c0[0x8];
	u8         migration_multi_load[0x1];
	u8         migration_tracking_state[0x1];
	u8         reserved_at_ca[0x6];
	u8         migration_in_chunks[0x1];
	u8         reserved_at_d1[0x8];
	u8         migration_state[0x1];
	u8         reserved_at_da[0x6];

	u8         reserved_at_e0[0x720];
};

struct mlx5_ifc_compat_query_vhca_migration_state_out_bits {
	u8         status[0x8];
	u8         reserved_at_8[0x18];

	u8         syndrome[0x20];

	u8         reserved_at_40[0x20];

	u8         migration_state[0x4];
	u8         reserved_at_64[0x1c];

	u8         required_umem_size[0x20];

	u8         reserved_at_a0[0x20];

	u8         remaining_total_size[0x40];

	u8         reserved_at_100[0x100];
};

#define mlx5_ifc_cmd_hca_cap_2_bits \
	mlx5_ifc_compat_cmd_hca_cap_2_bits
#define mlx5_ifc_query_vhca_migration_state_out_bits \
	mlx5_ifc_compat_query_vhca_migration_state_out_bits

#endif /* < 7.1 */

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)

union mlx5_ifc_compat_hca_cap_union_bits {
	struct mlx5_ifc_cmd_hca_cap_bits cmd_hca_cap;
	struct mlx5_ifc_compat_cmd_hca_cap_2_bits cmd_hca_cap_2;
	u8         reserved_at_0[0x8000];
};

struct mlx5_ifc_compat_query_hca_cap_out_bits {
	u8         status[0x8];
	u8         reserved_at_8[0x18];

	u8         syndrome[0x20];

	u8         reserved_at_40[0x40];

	union mlx5_ifc_compat_hca_cap_union_bits capability;
};

struct mlx5_ifc_compat_query_vhca_migration_state_in_bits {
	u8         opcode[0x10];
	u8         uid[0x10];

	u8         reserved_at_20[0x10];
	u8         op_mod[0x10];

	u8         incremental[0x1];
	u8         chunk[0x1];
	u8         reserved_at_42[0xe];
	u8         vhca_id[0x10];

	u8         reserved_at_60[0x20];
};

struct mlx5_ifc_compat_save_vhca_state_in_bits {
	u8         opcode[0x10];
	u8         uid[0x10];

	u8         reserved_at_20[0x10];
	u8         op_mod[0x10];

	u8         incremental[0x1];
	u8         set_track[0x1];
	u8         reserved_at_42[0xe];
	u8         vhca_id[0x10];

	u8         reserved_at_60[0x20];

	u8         va[0x40];

	u8         mkey[0x20];

	u8         size[0x20];
};

struct mlx5_ifc_compat_save_vhca_state_out_bits {
	u8         status[0x8];
	u8         reserved_at_8[0x18];

	u8         syndrome[0x20];

	u8         actual_image_size[0x20];

	u8         next_required_umem_size[0x20];
};

struct mlx5_ifc_query_page_track_obj_out_bits {
	struct mlx5_ifc_general_obj_out_cmd_hdr_bits general_obj_out_cmd_hdr;
	struct mlx5_ifc_page_track_bits obj_context;
};

#define mlx5_ifc_query_hca_cap_out_bits \
	mlx5_ifc_compat_query_hca_cap_out_bits
#define mlx5_ifc_query_vhca_migration_state_in_bits \
	mlx5_ifc_compat_query_vhca_migration_state_in_bits
#define mlx5_ifc_save_vhca_state_in_bits \
	mlx5_ifc_compat_save_vhca_state_in_bits
#define mlx5_ifc_save_vhca_state_out_bits \
	mlx5_ifc_compat_save_vhca_state_out_bits

#endif /* < 6.2 */

#endif /* COMPAT_LINUX_MLX5_MLX5_IFC_H */
