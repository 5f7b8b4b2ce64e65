//! Error numbers, with the names POSIX gives them (`errno(3)`) and Linux's values and texts.

macro_rules! errnos {
    ($($name:ident = $value:literal $text:literal;)*) => {
        /// Why a call failed. `Display` gives the text of `strerror(3)`, `name` the POSIX name.
        ///
        /// ```
        /// use abi::Errno;
        /// assert_eq!(Errno::EPIPE.name(), "EPIPE");
        /// assert_eq!(Errno::from_raw(32), Some(Errno::EPIPE));
        /// assert_eq!(Errno::result(-32), Err(Errno::EPIPE));
        /// ```
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
        #[repr(u16)]
        pub enum Errno {
            $(#[doc = $text] $name = $value,)*
        }

        impl Errno {
            /// Every error number, in ascending order.
            pub const ALL: &'static [Errno] = &[$(Errno::$name),*];

            /// The name POSIX gives it.
            pub const fn name(self) -> &'static str {
                match self { $(Errno::$name => stringify!($name),)* }
            }

            /// The text of `strerror(3)`.
            pub const fn text(self) -> &'static str {
                match self { $(Errno::$name => $text,)* }
            }

            /// The error with this (positive) number.
            pub const fn from_raw(value: u16) -> Option<Errno> {
                match value { $($value => Some(Errno::$name),)* _ => None }
            }
        }
    };
}

errnos! {
    EPERM = 1 "Operation not permitted";
    ENOENT = 2 "No such file or directory";
    ESRCH = 3 "No such process";
    EINTR = 4 "Interrupted system call";
    EIO = 5 "Input/output error";
    ENXIO = 6 "No such device or address";
    E2BIG = 7 "Argument list too long";
    ENOEXEC = 8 "Exec format error";
    EBADF = 9 "Bad file descriptor";
    ECHILD = 10 "No child processes";
    EAGAIN = 11 "Resource temporarily unavailable";
    ENOMEM = 12 "Cannot allocate memory";
    EACCES = 13 "Permission denied";
    EFAULT = 14 "Bad address";
    EBUSY = 16 "Device or resource busy";
    EEXIST = 17 "File exists";
    EXDEV = 18 "Invalid cross-device link";
    ENODEV = 19 "No such device";
    ENOTDIR = 20 "Not a directory";
    EISDIR = 21 "Is a directory";
    EINVAL = 22 "Invalid argument";
    ENFILE = 23 "Too many open files in system";
    EMFILE = 24 "Too many open files";
    ENOTTY = 25 "Inappropriate ioctl for device";
    EFBIG = 27 "File too large";
    ENOSPC = 28 "No space left on device";
    ESPIPE = 29 "Illegal seek";
    EROFS = 30 "Read-only file system";
    EMLINK = 31 "Too many links";
    EPIPE = 32 "Broken pipe";
    EDOM = 33 "Numerical argument out of domain";
    ERANGE = 34 "Numerical result out of range";
    EDEADLK = 35 "Resource deadlock avoided";
    ENAMETOOLONG = 36 "File name too long";
    ENOSYS = 38 "Function not implemented";
    ENOTEMPTY = 39 "Directory not empty";
    ELOOP = 40 "Too many levels of symbolic links";
    ENOMSG = 42 "No message of desired type";
    EIDRM = 43 "Identifier removed";
    EOVERFLOW = 75 "Value too large for defined data type";
    EMSGSIZE = 90 "Message too long";
    EOPNOTSUPP = 95 "Operation not supported";
    ETIMEDOUT = 110 "Connection timed out";
}

impl Errno {
    /// What a system call returns for this error: its negated number.
    pub const fn to_return(self) -> i64 {
        -(self as i64)
    }

    /// Splits what a system call returned into value and error, as the C library does: -4095 to -1 are errors.
    ///
    /// A number that is no known error is reported as `EINVAL`.
    pub const fn result(returned: i64) -> Result<i64, Errno> {
        if returned >= 0 || returned < -4095 {
            return Ok(returned);
        }
        match Errno::from_raw(-returned as u16) {
            Some(errno) => Err(errno),
            None => Err(Errno::EINVAL),
        }
    }
}

impl core::fmt::Display for Errno {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.text())
    }
}

impl core::error::Error for Errno {}
