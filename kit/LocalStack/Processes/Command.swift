import Glibc

/// A program to run, with what it is given.
public struct Command: Sendable {
    public var executable: String
    public var arguments: [String]
    /// The whole environment of the program; nothing is inherited.
    public var environment: [String: String]
    /// The folder to run in; nil is our own.
    public var directory: String?
    /// The account to run as; nil is our own. Another one than our own takes root.
    public var account: Account?
    /// What the program is sent when this process dies, however it dies.
    public var deathSignal: Signal
    /// The file that its standard output and error are appended to.
    public var log: String

    public init(
        _ executable: String, _ arguments: [String] = [], environment: [String: String] = [:],
        directory: String? = nil, account: Account? = nil, deathSignal: Signal = .terminate, log: String
    ) {
        self.executable = executable
        self.arguments = arguments
        self.environment = environment
        self.directory = directory
        self.account = account
        self.deathSignal = deathSignal
        self.log = log
    }

    /// The program behind `setpriv`, which drops privileges and arms the death signal, then becomes the program.
    var wrapped: [String] {
        var words = ["setpriv", "--pdeathsig", deathSignal.name]
        if let account {
            words += ["--reuid", "\(account.uid)", "--regid", "\(account.gid)", "--clear-groups"]
        }
        return words + ["--", executable] + arguments
    }
}

/// An account of the operating system.
public struct Account: Sendable, Hashable {
    public let name: String
    public let uid: uid_t
    public let gid: gid_t

    /// The account called `name`, or nil when there is none.
    public init?(named name: String) {
        guard let entry = getpwnam(name) else { return nil }
        self.name = name
        uid = entry.pointee.pw_uid
        gid = entry.pointee.pw_gid
    }
}
