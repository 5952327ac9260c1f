// SPDX-License-Identifier: GPL-2.0-only
/*
 * killat N COMMAND... - run a command and kill it when it is about to change the system for the
 * N-th time: to write to a file in /sys, to mark one, to load a module. Its status is 200 then,
 * else the command's own.
 *
 * With N from 1 up, until the status is another, every state is seen that a killed command
 * can leave behind.
 */

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <linux/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define STATUS_KILLED	200
#define STATUS_BROKEN	125

/* The kernel stops the command for us before these calls, and before no others. */
static const int calls[] = {
	SYS_write, SYS_setxattr, SYS_fsetxattr, SYS_removexattr, SYS_fremovexattr, SYS_utimensat,
	SYS_init_module, SYS_finit_module, SYS_delete_module,
};

#define NR_CALLS	(sizeof(calls) / sizeof(*calls))

static int die(const char *what)
{
	fprintf(stderr, "killat: %s: %s\n", what, strerror(errno));
	exit(STATUS_BROKEN);
}

static void stop_at_calls(void)
{
	struct sock_filter filter[NR_CALLS + 3] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	};
	struct sock_fprog program = { .len = NR_CALLS + 3, .filter = filter };
	size_t i;

	for (i = 0; i < NR_CALLS; i++)
		filter[i + 1] = (struct sock_filter)
			BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, calls[i], NR_CALLS - i, 0);
	filter[NR_CALLS + 1] = (struct sock_filter)
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	filter[NR_CALLS + 2] = (struct sock_filter)
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		die("seccomp");
}

static void run_command(char **argv)
{
	if (ptrace(PTRACE_TRACEME, 0, 0, 0))
		die("ptrace");
	raise(SIGSTOP);
	stop_at_calls();
	execvp(argv[0], argv);
	die(argv[0]);
}

/* Writing to a terminal or a pipe changes nothing. */
static bool changes(pid_t pid)
{
	struct ptrace_syscall_info info;
	char path[64], target[16];

	if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info) < 0)
		die("system call");
	if (info.op != PTRACE_SYSCALL_INFO_SECCOMP)
		return false;
	if (info.seccomp.nr != SYS_write)
		return true;
	snprintf(path, sizeof(path), "/proc/%d/fd/%d", pid, (int)info.seccomp.args[0]);
	return readlink(path, target, sizeof(target)) >= 5 && !memcmp(target, "/sys/", 5);
}

/* What a stop of one of the command's processes hands on to it. */
static int signal_of(int status)
{
	int sig = WSTOPSIG(status);

	return status >> 16 || sig == SIGSTOP || sig == SIGTRAP ? 0 : sig;
}

int main(int argc, char **argv)
{
	int nr = argc > 2 ? atoi(argv[1]) : 0, status;
	pid_t command, pid;

	if (nr < 1) {
		fprintf(stderr, "usage: killat N COMMAND...\n");
		return STATUS_BROKEN;
	}
	command = fork();
	if (!command)
		run_command(argv + 2);
	if (command < 0 || waitpid(command, &status, 0) < 0 || !WIFSTOPPED(status))
		die("start");
	if (ptrace(PTRACE_SETOPTIONS, command, 0, PTRACE_O_TRACESECCOMP | PTRACE_O_TRACEFORK |
		   PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | PTRACE_O_EXITKILL))
		die("options");
	ptrace(PTRACE_CONT, command, 0, 0);
	while ((pid = waitpid(-1, &status, __WALL)) > 0) {
		if (pid == command && WIFEXITED(status))
			return WEXITSTATUS(status);
		if (pid == command && WIFSIGNALED(status))
			return 128 + WTERMSIG(status);
		if (!WIFSTOPPED(status))
			continue;
		if (status >> 8 == (SIGTRAP | PTRACE_EVENT_SECCOMP << 8) && changes(pid) && !--nr) {
			kill(command, SIGKILL);
			while (waitpid(command, &status, __WALL) == command && !WIFSIGNALED(status))
				;
			return STATUS_KILLED;
		}
		ptrace(PTRACE_CONT, pid, 0, signal_of(status));
	}
	return die("wait");
}
