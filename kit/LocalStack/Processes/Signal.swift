import Glibc

/// A signal that a child process may be sent.
public enum Signal: Int32, Sendable {
    /// Read the configuration again.
    case hangup = 1
    /// Stop at once, as on Ctrl-C. PostgreSQL calls this its fast shutdown: clients are cut off, nothing is lost.
    case interrupt = 2
    /// Stop without cleaning up. PostgreSQL recovers from its log at the next start.
    case quit = 3
    /// End the process; it is not asked.
    case kill = 9
    /// Finish what is under way and stop.
    case terminate = 15
    /// Go on after ``stop``.
    case resume = 18
    /// Stand still, with every socket open: what a hung process looks like from outside.
    case stop = 19

    /// The name without `SIG`, as `setpriv` and `kill` take it.
    var name: String {
        switch self {
        case .hangup: "HUP"
        case .interrupt: "INT"
        case .quit: "QUIT"
        case .kill: "KILL"
        case .terminate: "TERM"
        case .resume: "CONT"
        case .stop: "STOP"
        }
    }
}

/// How a process ended.
public enum ExitStatus: Sendable, Hashable, CustomStringConvertible {
    case exited(code: Int32)
    case signalled(Int32)

    /// Decodes the status word of `waitpid(2)`.
    init(waitStatus status: Int32) {
        let signal = status & 0x7f
        self = signal == 0 ? .exited(code: (status >> 8) & 0xff) : .signalled(signal)
    }

    public var isSuccess: Bool { self == .exited(code: 0) }

    public var description: String {
        switch self {
        case .exited(let code): "exited with status \(code)"
        case .signalled(let signal): "was ended by signal \(signal)"
        }
    }
}
