//! What programs observe of the kernel, one concept a file.

mod adopt;
mod credentials;
mod descriptor;
mod efault;
mod exec;
mod figures;
mod first_process;
mod fork;
mod group;
mod handler;
mod kill;
mod list;
mod memory;
mod message_queue;
mod message_queue_name;
mod message_queue_notify;
mod oracle;
mod pipe;
mod preemption;
mod resource;
mod scripted;
mod shared_memory;
mod spawn;
mod stop;
mod time;
mod wait;
