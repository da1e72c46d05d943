#include "refused-calls.h"

#include <errno.h>
#include <stddef.h>
#include <sys/syscall.h>

struct refusal {
  unsigned int call;
  int error;
};

/* ENOSYS where a program looks whether there is such a call and goes another way; EPERM where it is to be told. */
static const struct refusal refusals[] = {
    /* sockets that are made and connected where no filter looks */
    {SYS_io_uring_setup, ENOSYS},
    {SYS_io_uring_enter, ENOSYS},
    {SYS_io_uring_register, ENOSYS},
    /* its flags lie in memory, where a filter cannot read them: libc goes on to clone */
    {SYS_clone3, ENOSYS},
    /* namespaces give capabilities, and other devices and routes */
    {SYS_unshare, EPERM},
    {SYS_setns, EPERM},
    {SYS_chroot, EPERM},
    {SYS_pivot_root, EPERM},
    {SYS_mount, EPERM},
    {SYS_umount2, EPERM},
    {SYS_open_tree, EPERM},
    {SYS_move_mount, EPERM},
    {SYS_fsopen, EPERM},
    {SYS_fsconfig, EPERM},
    {SYS_fsmount, EPERM},
    {SYS_fspick, EPERM},
    {SYS_mount_setattr, EPERM},
    {467 /* open_tree_attr */, EPERM},
    {SYS_swapon, EPERM},
    {SYS_swapoff, EPERM},
    {SYS_quotactl, EPERM},
    {SYS_quotactl_fd, EPERM},
    /* other processes: their memory and their descriptors */
    {SYS_ptrace, EPERM},
    {SYS_process_vm_readv, EPERM},
    {SYS_process_vm_writev, EPERM},
    {SYS_process_madvise, EPERM},
    {SYS_pidfd_getfd, EPERM},
    {SYS_kcmp, EPERM},
    /* keys: asking for one makes the kernel call programs, and resolve names, for us */
    {SYS_add_key, ENOSYS},
    {SYS_request_key, ENOSYS},
    {SYS_keyctl, ENOSYS},
    /* large and often broken parts of the kernel */
    {SYS_bpf, EPERM},
    {SYS_perf_event_open, EPERM},
    {SYS_userfaultfd, EPERM},
    {SYS_lookup_dcookie, EPERM},
    {SYS_name_to_handle_at, EOPNOTSUPP},
    {SYS_open_by_handle_at, EPERM},
    {SYS_fanotify_init, EPERM},
    {SYS_fanotify_mark, EPERM},
    /* the machine itself */
    {SYS_kexec_load, EPERM},
#ifdef SYS_kexec_file_load
    {SYS_kexec_file_load, EPERM},
#endif
    {SYS_init_module, EPERM},
    {SYS_finit_module, EPERM},
    {SYS_delete_module, EPERM},
    {SYS_reboot, EPERM},
    {SYS_acct, EPERM},
    {SYS_syslog, EPERM},
    {SYS_settimeofday, EPERM},
    {SYS_clock_settime, EPERM},
    {SYS_sethostname, EPERM},
    {SYS_setdomainname, EPERM},
    {SYS_vhangup, EPERM},
#ifdef __x86_64__
    {SYS_iopl, EPERM},
    {SYS_ioperm, EPERM},
    {SYS_modify_ldt, EPERM},
    {SYS_uselib, ENOSYS},
    {SYS__sysctl, ENOSYS},
#endif
};

void refuse_calls(struct program *program)
{
  for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++)
    verdict_if(program, refusals[i].call, REFUSE(refusals[i].error));
}
