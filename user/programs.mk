# SPDX-License-Identifier: Apache-2.0
#
# The EL0 programs: program_NAME = sources; all of them link user/lib too. Those in
# fp_programs are built with FP registers. Included by the Makefile.
program_vmm = $(sort $(wildcard user/vmm/*.c user/vmm/virtio/*.c user/vmm/dev/*.c))
program_console = user/services/console.c user/services/console_mux.c \
	user/services/console_keys.c user/services/console_line.c user/drivers/uart_pl011.c
program_supervisor = user/services/supervisor.c user/services/supervisor_policy.c \
	user/services/supervisor_text.c
program_trace = user/services/trace.c user/services/trace_code.c user/services/trace_reader.c
program_virtio_block = user/services/disk.c user/services/disk_client.c user/services/gpt.c \
	user/drivers/disk_virtio.c
program_switch = user/services/switch.c user/services/switch_port.c \
	user/services/switch_macs.c user/services/switch_forward.c
program_virtio_nic = user/drivers/virtio_nic.c
program_rtc_pl031 = user/services/line_server.c user/drivers/rtc_pl031.c
program_gpio_pl061 = user/services/line_server.c user/drivers/gpio_pl061.c
program_line_client = user/tasks/line_client.c
program_net_echo = user/tasks/net_echo.c
program_entropy = user/services/entropy.c
program_alive = user/tasks/alive.c
program_faulter = user/tasks/faulter.c
program_spinner = user/tasks/spinner.c
program_bench_task = user/tasks/bench_task.c
program_bench_pong = user/tasks/bench_pong.c
program_fp_task = user/tasks/fp_task.c
fp_programs = fp_task

# The hostile programs of the tests (tests/hostile). Those named after a program stand in for
# it in a test's image.
hostile_calls = $(addprefix tests/hostile/,hostile_syscalls.c hostile_model.c hostile_svc.S)
program_hostile_caller = tests/hostile/hostile_caller.c $(hostile_calls)
hostile_faults = tests/hostile/hostile_faults.c
program_hostile_vmm = $(program_vmm) tests/hostile/hostile_vmm.c tests/hostile/hostile_vcpu.c \
	$(hostile_calls) $(hostile_faults)
link_hostile_vmm = -Wl,--wrap=main,--wrap=channel_take
program_hostile_console = $(program_console) tests/hostile/hostile_console.c $(hostile_faults)
link_hostile_console = -Wl,--wrap=mux_type,--wrap=uart_take
program_hostile_driver = tests/hostile/hostile_driver.c $(hostile_faults)
program_hostile_client = tests/hostile/hostile_client.c
program_hostile_walker = tests/hostile/hostile_walker.c tests/hostile/hostile_mrs.S
program_hostile_worker = tests/hostile/hostile_worker.c
program_hostile_notifier = tests/hostile/hostile_notifier.c
program_hostile_parent = tests/hostile/hostile_parent.c
