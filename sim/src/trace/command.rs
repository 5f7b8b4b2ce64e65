//! What an argument stands for whose meaning a command decides: that of `fcntl`, `ioctl`, and of what controls an object of
//! System V IPC (`shmctl(2)`, `msgctl(2)`, `semctl(2)`).

use abi::{
    Argument, DescriptorFlags, FcntlCommand, IoctlCommand, Kind, MsgCommand, MsgInfo, MsqidDs, OpenFlags, SemCommand,
    SemInfo, SemidDs, ShmCommand, ShmLimits, ShmUsage, ShmidDs, Structure, Termios, WindowSize,
};

/// What the argument of this name stands for, with this command in front of it; `None` where the table of calls says it
/// for all commands.
pub(super) fn by_command(call: &str, argument: &str, command: u64) -> Option<Kind> {
    match (call, argument) {
        ("fcntl", "argument") => of_fcntl(FcntlCommand::decode(command)),
        ("ioctl", "argument") => of_ioctl(IoctlCommand::decode(command)),
        ("shmctl", "buffer") => Some(of_shmctl(ShmCommand::decode(command))),
        ("msgctl", "buffer") => Some(of_msgctl(MsgCommand::decode(command))),
        ("semctl", "argument") => Some(of_semctl(SemCommand::decode(command))),
        _ => None,
    }
}

fn of_fcntl(command: FcntlCommand) -> Option<Kind> {
    match command {
        FcntlCommand::F_SETFL => Some(OpenFlags::KIND),
        FcntlCommand::F_SETFD => Some(DescriptorFlags::KIND),
        _ => None,
    }
}

fn of_ioctl(command: IoctlCommand) -> Option<Kind> {
    use IoctlCommand as C;
    Some(match command {
        C::TCGETS => Kind::Out(Structure::of::<Termios>()),
        C::TCSETS | C::TCSETSW | C::TCSETSF => Kind::In(Structure::of::<Termios>()),
        C::TIOCGWINSZ => Kind::Out(Structure::of::<WindowSize>()),
        C::TIOCSWINSZ => Kind::In(Structure::of::<WindowSize>()),
        C::TIOCGPGRP | C::TIOCGSID | C::FIONREAD | C::TIOCOUTQ => Kind::Out(Structure::of::<i32>()),
        C::TIOCSPGRP => Kind::In(Structure::of::<i32>()),
        C::TCFLSH | C::TCXONC | C::TCSBRK | C::TIOCSCTTY => Kind::Unsigned,
        _ => return None,
    })
}

fn of_shmctl(command: ShmCommand) -> Kind {
    use ShmCommand as C;
    match command {
        C::IPC_SET => Kind::In(Structure::of::<ShmidDs>()),
        C::IPC_STAT | C::SHM_STAT | C::SHM_STAT_ANY => Kind::Out(Structure::of::<ShmidDs>()),
        C::IPC_INFO => Kind::Out(Structure::of::<ShmLimits>()),
        C::SHM_INFO => Kind::Out(Structure::of::<ShmUsage>()),
        _ => Kind::Address,
    }
}

fn of_msgctl(command: MsgCommand) -> Kind {
    use MsgCommand as C;
    match command {
        C::IPC_SET => Kind::In(Structure::of::<MsqidDs>()),
        C::IPC_STAT | C::MSG_STAT | C::MSG_STAT_ANY => Kind::Out(Structure::of::<MsqidDs>()),
        C::IPC_INFO | C::MSG_INFO => Kind::Out(Structure::of::<MsgInfo>()),
        _ => Kind::Address,
    }
}

/// How many numbers `GETALL` and `SETALL` move only the kernel knows: they show where.
fn of_semctl(command: SemCommand) -> Kind {
    use SemCommand as C;
    match command {
        C::IPC_SET => Kind::In(Structure::of::<SemidDs>()),
        C::IPC_STAT | C::SEM_STAT | C::SEM_STAT_ANY => Kind::Out(Structure::of::<SemidDs>()),
        C::IPC_INFO | C::SEM_INFO => Kind::Out(Structure::of::<SemInfo>()),
        C::SETVAL => Kind::Integer,
        _ => Kind::Address,
    }
}
