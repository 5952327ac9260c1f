/* SPDX-License-Identifier: GPL-2.0-only */
/* PCI ids of Intel GPUs: groups with the name and form that 7.3 has, INTEL_x_IDS(MACRO) */
#ifndef COMPAT_DRM_INTEL_PCIIDS_H
#define COMPAT_DRM_INTEL_PCIIDS_H

#ifdef HAVE_DRM_INTEL_PCIIDS
#include_next <drm/intel/pciids.h>
#elif defined(HAVE_DRM_INTEL_I915_PCIIDS)
#include <drm/intel/i915_pciids.h>
#else
#include <drm/i915_pciids.h>

/* Its groups are made of this, with the group's argument as second one */
#undef INTEL_VGA_DEVICE
#define INTEL_VGA_DEVICE(id, macro) macro(id)

#define INTEL_PNV_IDS(macro)	INTEL_PINEVIEW_G_IDS(macro), INTEL_PINEVIEW_M_IDS(macro)
#define INTEL_ILK_IDS(macro)	INTEL_IRONLAKE_D_IDS(macro), INTEL_IRONLAKE_M_IDS(macro)
#define INTEL_SNB_IDS(macro)	INTEL_SNB_D_IDS(macro), INTEL_SNB_M_IDS(macro)
#define INTEL_IVB_IDS(macro)	INTEL_IVB_D_IDS(macro), INTEL_IVB_M_IDS(macro)
#define INTEL_ICL_IDS(macro)	INTEL_ICL_11_IDS(macro)
#define INTEL_TGL_IDS(macro)	INTEL_TGL_12_IDS(macro)

/* There these are a part of Coffee Lake */
#undef INTEL_CFL_IDS
#define INTEL_CFL_IDS(macro)						\
	INTEL_CFL_S_GT1_IDS(macro), INTEL_CFL_S_GT2_IDS(macro),		\
	INTEL_CFL_H_GT1_IDS(macro), INTEL_CFL_H_GT2_IDS(macro),		\
	INTEL_CFL_U_GT2_IDS(macro), INTEL_CFL_U_GT3_IDS(macro),		\
	INTEL_AML_CFL_GT2_IDS(macro)
#define INTEL_WHL_IDS(macro)						\
	INTEL_WHL_U_GT1_IDS(macro), INTEL_WHL_U_GT2_IDS(macro),		\
	INTEL_WHL_U_GT3_IDS(macro)
#define INTEL_CML_IDS(macro)						\
	INTEL_CML_GT1_IDS(macro), INTEL_CML_GT2_IDS(macro),		\
	INTEL_CML_U_GT1_IDS(macro), INTEL_CML_U_GT2_IDS(macro)
#endif

/* GPUs that are younger than the header of 6.1, or than that of 6.12 */
#ifndef INTEL_RPLU_IDS
#define INTEL_RPLU_IDS(macro) macro(0xa7ac), macro(0xa7ad)
#endif

#ifndef INTEL_ARL_IDS
#define INTEL_ARL_IDS(macro) \
	macro(0x7d41), macro(0x7d51), macro(0x7d67), macro(0x7dd1), macro(0xb640)
#endif

#ifndef INTEL_LNL_IDS
#define INTEL_LNL_IDS(macro) macro(0x6420), macro(0x64a0), macro(0x64b0)
#endif

#ifndef INTEL_PTL_IDS
#define INTEL_PTL_IDS(macro)						\
	macro(0xb080), macro(0xb081), macro(0xb082), macro(0xb083),	\
	macro(0xb084), macro(0xb085), macro(0xb086), macro(0xb087),	\
	macro(0xb08f), macro(0xb090), macro(0xb0a0), macro(0xb0b0)
#endif

#ifndef INTEL_WCL_IDS
#define INTEL_WCL_IDS(macro) macro(0xfd80), macro(0xfd81)
#endif

#ifndef INTEL_NVLS_IDS
#define INTEL_NVLS_IDS(macro)						\
	macro(0xd740), macro(0xd741), macro(0xd742), macro(0xd743),	\
	macro(0xd745), macro(0xd74a), macro(0xd74b)
#endif

#ifndef INTEL_NVLP_IDS
#define INTEL_NVLP_IDS(macro)						\
	macro(0xd750), macro(0xd751), macro(0xd752), macro(0xd753),	\
	macro(0xd754), macro(0xd755), macro(0xd756), macro(0xd757),	\
	macro(0xd75f)
#endif

#endif /* COMPAT_DRM_INTEL_PCIIDS_H */
