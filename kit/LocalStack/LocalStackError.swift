import Glibc

/// Why a server or service does not run, in words that say what to do about it.
public enum LocalStackError: Error, Sendable, Hashable, CustomStringConvertible {
    /// A program could not be started at all.
    case cannotStart(String, reason: String)
    /// A program that should do one thing and end well did not.
    case commandFailed(command: String, status: ExitStatus, log: String, lastLines: [String])
    /// A server ended, or never became ready, while it was being started.
    case notReady(server: String, reason: String, log: String, lastLines: [String])
    /// No PostgreSQL from version `minimum` on was found.
    case postgresMissing(minimum: Int)
    /// The data were written by another major version, which is not installed.
    case postgresVersionMissing(version: Int, data: String)
    /// There is no `redis-server` on the path.
    case redisMissing
    /// PostgreSQL refuses to run as root, and there is no `postgres` account to run it as.
    case postgresAccountMissing
    /// Something else listens on a port that was asked for.
    case portBusy(Int, option: String)
    /// No port of the range is free.
    case noFreePort(ClosedRange<Int>)
    /// Another process uses the state folder.
    case folderInUse(path: String, processID: Int?)
    /// A file or folder could not be read or written.
    case fileAccess(path: String, reason: String)
    /// A URL that the environment gave is none of the kind that was expected.
    case malformedURL(variable: String, expected: String)
    /// The server that a variable names does not answer.
    case unreachable(variable: String, server: String, reason: String)
    /// The server that a variable names is of a version that the schema does not work on.
    case serverTooOld(variable: String, version: Int, minimum: Int)
    /// The role that a variable names may not make roles, schemas or extensions.
    case notAdministrator(variable: String, reason: String)
    /// The role may not make the database that the live one is to be compared with.
    case cannotCreateDatabase(role: String)
    /// `LMS_SECRET_KEY` is not the base64 form of 32 bytes.
    case malformedSecretKey

    public var description: String {
        switch self {
        case .cannotStart(let program, let reason):
            "cannot start \(program): \(reason)"
        case .commandFailed(let command, let status, let log, let lastLines):
            "\(command) \(status); its output is in \(log)" + quoted(lastLines)
        case .notReady(let server, let reason, let log, let lastLines):
            "\(server) did not become ready: \(reason); its log is \(log)" + quoted(lastLines)
        case .postgresMissing(let minimum):
            "PostgreSQL \(minimum) or newer is not installed. Type: sudo apt-get install postgresql"
        case .postgresVersionMissing(let version, let data):
            """
            \(data) was written by PostgreSQL \(version), which is not installed. \
            Type: sudo apt-get install postgresql-\(version), or remove the folder to start afresh
            """
        case .redisMissing:
            "redis-server is not installed. Type: sudo apt-get install redis-server"
        case .postgresAccountMissing:
            """
            PostgreSQL refuses to run as root, and there is no account `postgres` to run it as. \
            Type: sudo apt-get install postgresql, or start this as another user
            """
        case .portBusy(let port, let option):
            """
            port \(port) is taken by another program. Choose another one with \(option), such as \(option) \(port + 1) \
            (with make: make run ARGS="\(option) \(port + 1)")
            """
        case .noFreePort(let range):
            "none of the ports \(range.lowerBound) to \(range.upperBound) of 127.0.0.1 is free"
        case .folderInUse(let path, let processID):
            "\(path) is in use by another process" + (processID.map { " (\($0))" } ?? "")
                + ". Stop that one first, or give another folder with --data-dir"
        case .fileAccess(let path, let reason):
            "\(path): \(reason)"
        case .malformedURL(let variable, let expected):
            "\(variable) is not a URL of the form \(expected)"
        case .unreachable(let variable, let server, let reason):
            """
            the server that \(variable) names, \(server), cannot be used: \(reason). Start it, or correct \(variable); \
            to have a private server instead, type: unset \(variable)
            """
        case .serverTooOld(let variable, let version, let minimum):
            """
            the server that \(variable) names is PostgreSQL \(version), and \(minimum) or newer is needed. \
            Name another one; to have a private server instead, type: unset \(variable)
            """
        case .notAdministrator(let variable, let reason):
            """
            the role that \(variable) names may not set up the database: \(reason). \
            Name a superuser, or a role with CREATEROLE that owns the database
            """
        case .cannotCreateDatabase(let role):
            """
            the live schema is compared with a database that the migrations make for it, and \(role) may not create \
            databases. Type: ALTER ROLE \(role) CREATEDB, or name another role in LMS_ADMIN_DATABASE_URL
            """
        case .malformedSecretKey:
            "LMS_SECRET_KEY is not the base64 form of 32 bytes. Type: openssl rand -base64 32"
        }
    }

    private func quoted(_ lines: [String]) -> String {
        lines.map { "\n    | \($0)" }.joined()
    }
}

/// What the C library says of the call that has just failed.
func reasonOfErrno() -> String {
    String(cString: strerror(errno))
}
