// SPDX-License-Identifier: GPL-2.0-only
/*
 * A PF that a user has by vfio-pci makes VFs which only those may open who know
 * the token that this user has set. A variant of vfio-pci asks for it as well.
 * VFIO_BDFS names the PF and one of its VFs.
 */
#include "kselftest_harness.h"
#include "vfio_mig.h"

#define TOKEN	"5f6d3a0e-9c2b-4b17-8e0d-3c1f6f7a9b24"
#define WRONG	"5f6d3a0e-9c2b-4b17-8e0d-3c1f6f7a9b25"

static const __u8 token[16] = {
	0x5f, 0x6d, 0x3a, 0x0e, 0x9c, 0x2b, 0x4b, 0x17,
	0x8e, 0x0d, 0x3c, 0x1f, 0x6f, 0x7a, 0x9b, 0x24,
};

FIXTURE(token) {
	struct vfio_dev pf;
	struct vfio_dev vf;
};

FIXTURE_SETUP(token)
{
	__u8 uuid[16];
	char pf[VFIO_BDF_LEN];

	self->vf = (struct vfio_dev) {
		.container_fd = -1, .group_fd = -1, .fd = -1,
	};
	if (vfio_nr_bdfs() != 2 ||
	    __vfio_physfn_of(vfio_bdf(1), pf, sizeof(pf)) ||
	    strcmp(pf, vfio_bdf(0)))
		SKIP(return, "VFIO_BDFS does not name a PF and its VF");
	vfio_dev_open(&self->pf, vfio_bdf(0));
	memcpy(uuid, token, sizeof(uuid));
	ASSERT_EQ(0, __vfio_feature(self->pf.fd, VFIO_DEVICE_FEATURE_SET |
				    VFIO_DEVICE_FEATURE_PCI_VF_TOKEN, uuid,
				    sizeof(uuid)));
}

FIXTURE_TEARDOWN(token)
{
	vfio_dev_close(&self->vf);
	vfio_dev_close(&self->pf);
}

TEST_F(token, is_asked_for)
{
	char name[80];

	EXPECT_EQ(-EACCES, __vfio_dev_open(&self->vf, vfio_bdf(1)));
	snprintf(name, sizeof(name), "%s vf_token=%s", vfio_bdf(1), WRONG);
	EXPECT_EQ(-EACCES, __vfio_dev_open_by(&self->vf, vfio_bdf(1), name));
}

/* Its PF's firmware is out of reach, so the VF can do everything but migrate. */
TEST_F(token, opens_a_vf_without_migration)
{
	char name[80];

	snprintf(name, sizeof(name), "%s vf_token=%s", vfio_bdf(1), TOKEN);
	ASSERT_EQ(0, __vfio_dev_open_by(&self->vf, vfio_bdf(1), name));
	EXPECT_EQ(0, self->vf.mig_flags);
	vfio_dev_reset(&self->vf);
}

int main(int argc, char **argv)
{
	vfio_args(&argc, argv);
	return test_harness_run(argc, argv);
}
