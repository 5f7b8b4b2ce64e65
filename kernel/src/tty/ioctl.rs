//! `ioctl(2)`: the calls about a terminal (`ioctl_tty(2)`), and how many bytes a descriptor has to read.

use abi::{
    Address, Errno, Fd, IoctlCommand, Layout, Pid, Signal, TCIFLUSH, TCIOFF, TCIOFLUSH, TCION, TCOFLUSH, TCOOFF, TCOON,
    Termios, WindowSize,
};

use crate::dispatch::{Cx, Flow, Outcome};
use crate::file::description::{Description, Open};
use crate::host::Host;
use crate::kernel::Kernel;

impl Kernel {
    pub(crate) fn sys_ioctl<H: Host>(
        &mut self,
        cx: &mut Cx<'_, H>,
        fd: Fd,
        command: IoctlCommand,
        argument: Address,
    ) -> Outcome {
        let file = self.descriptor(cx.process, fd)?.file;
        let description = *self.files.at(file);
        match description.open {
            Open::Console { .. } if self.tty.present => self.terminal_ioctl(cx, &description, command, argument.0),
            Open::Console { .. } if command == IoctlCommand::FIONREAD => {
                self.give(cx, argument.0, &(self.console.input.len() as i32))
            }
            Open::Pipe(pipe) if command == IoctlCommand::FIONREAD => {
                self.give(cx, argument.0, &(self.pipes.at(pipe).ring.len() as i32))
            }
            // Of a regular file it is what is left behind the position. As on Linux, a message queue is one.
            Open::Memory(_) | Open::Mqueue(_) if command == IoctlCommand::FIONREAD => {
                let left = self.size_of_file(file) - description.position as i64;
                self.give(cx, argument.0, &(left as i32))
            }
            _ => Err(Errno::ENOTTY),
        }
    }

    fn terminal_ioctl<H: Host>(
        &mut self,
        cx: &mut Cx<'_, H>,
        description: &Description,
        command: IoctlCommand,
        argument: u64,
    ) -> Outcome {
        use IoctlCommand as C;
        if self.console.ended {
            return Err(if command == C::TIOCSPGRP { Errno::ENOTTY } else { Errno::EIO });
        }
        // Who changes something must be in the foreground.
        if matches!(command, C::TCSETS | C::TCSETSW | C::TCSETSF | C::TCFLSH | C::TCXONC | C::TCSBRK)
            && let Some(flow) = self.refuse_background(cx, Signal::SIGTTOU)?
        {
            return Ok(flow);
        }
        match command {
            C::TCGETS => self.give(cx, argument, &self.tty.settings.clone()),
            C::TCSETS | C::TCSETSW | C::TCSETSF => self.set_settings(cx, command == C::TCSETSF, argument),
            // All output is out when `write` returns, unless it is held back: then nobody has got here with any.
            C::TCSBRK => Ok(Flow::Done(0)),
            C::TCFLSH => self.flush_terminal(argument),
            C::TCXONC => self.hold_output(cx, argument),
            C::TIOCSCTTY => {
                self.take_terminal(cx, description.flags.readable(), argument == 1)?;
                Ok(Flow::Done(0))
            }
            C::TIOCNOTTY => {
                self.give_up_terminal(cx)?;
                Ok(Flow::Done(0))
            }
            C::TIOCGPGRP | C::TIOCGSID => {
                if !self.has_terminal(cx.process) {
                    return Err(Errno::ENOTTY);
                }
                let number = if command == C::TIOCGSID { self.tty.session } else { self.tty.foreground };
                let value = number.map_or(0, |number| self.numbers.table.at(number).value);
                self.give(cx, argument, &(value as i32))
            }
            C::TIOCSPGRP => self.change_foreground(cx, argument),
            C::TIOCGWINSZ => self.give(cx, argument, &self.tty.window.clone()),
            C::TIOCSWINSZ => {
                let window: WindowSize = self.get(cx.host, cx.process, argument)?;
                self.resize_terminal(cx.host, window);
                Ok(Flow::Done(0))
            }
            C::FIONREAD => {
                let input = &self.tty.input;
                let count = if self.tty.is_canonical() { input.complete_bytes() } else { input.len() };
                self.give(cx, argument, &(count as i32))
            }
            C::TIOCOUTQ => self.give(cx, argument, &0i32),
            _ => Err(Errno::ENOTTY),
        }
    }

    /// Writes a result.
    fn give<T: Layout, H: Host>(&mut self, cx: &mut Cx<'_, H>, address: u64, value: &T) -> Outcome {
        self.put(cx.host, cx.process, address, value)?;
        Ok(Flow::Done(0))
    }

    fn set_settings<H: Host>(&mut self, cx: &mut Cx<'_, H>, flush: bool, address: u64) -> Outcome {
        let settings: Termios = self.get(cx.host, cx.process, address)?;
        if flush {
            self.tty.flush_input();
        }
        self.tty.set(settings);
        // Whoever waits may have to wait for something else now.
        self.wake_first(cx.host, crate::thread::QueueName::Console);
        self.let_output_go_on(cx.host);
        Ok(Flow::Done(0))
    }

    fn flush_terminal(&mut self, which: u64) -> Outcome {
        match which {
            TCIFLUSH | TCIOFLUSH => self.tty.flush_input(),
            TCOFLUSH => {}
            _ => return Err(Errno::EINVAL),
        }
        Ok(Flow::Done(0))
    }

    fn hold_output<H: Host>(&mut self, cx: &mut Cx<'_, H>, action: u64) -> Outcome {
        match action {
            TCOOFF => self.tty.held = true,
            TCOON => {
                self.tty.held = false;
                self.let_output_go_on(cx.host);
            }
            // There is no line to send a character over.
            TCIOFF | TCION => {}
            _ => return Err(Errno::EINVAL),
        }
        Ok(Flow::Done(0))
    }

    /// Checks in Linux's order.
    fn change_foreground<H: Host>(&mut self, cx: &mut Cx<'_, H>, address: u64) -> Outcome {
        match self.refuse_background(cx, Signal::SIGTTOU) {
            Ok(None) => {}
            Ok(Some(flow)) => return Ok(flow),
            Err(Errno::EIO) => return Err(Errno::ENOTTY),
            Err(errno) => return Err(errno),
        }
        let pgid: i32 = self.get(cx.host, cx.process, address)?;
        let group = self.group_for_foreground(cx, Pid(pgid))?;
        self.set_foreground(Some(group));
        Ok(Flow::Done(0))
    }
}
