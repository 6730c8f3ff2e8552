import Glibc

/// Where a cluster's files are, and whose they are.
struct PostgresCluster: Sendable {
    /// Holds the data folder and the socket.
    let folder: String
    /// PostgreSQL refuses to run as root: then it runs as `postgres`, which owns the folder.
    let account: Account?

    var data: String { folder + "/data" }

    /// The programs need no more than this; what our own environment holds (`PG…`) would only get in their way.
    static let environment = ["PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC"]

    /// The major version that wrote the data; nil when there are none.
    var version: Int? {
        textOfFile(data + "/PG_VERSION").flatMap { Int($0.filter(\.isNumber)) }
    }

    /// The cluster of a state folder: inside it, or, when `postgres` cannot reach that (a folder in root's home), in
    /// `/var/lib/lms`; the folder remembers which.
    static func locate(in folder: StateFolder) async throws -> PostgresCluster {
        let inside = folder.path + "/postgres"
        guard let account = try accountToRunAs(user: geteuid(), postgres: Account(named: "postgres")) else {
            try makeFolder(inside, mode: 0o700)
            return PostgresCluster(folder: inside, account: nil)
        }
        let note = folder.path + "/postgres-folder"
        if let elsewhere = textOfFile(note) { return PostgresCluster(folder: elsewhere, account: account) }
        try makeFolder(inside, mode: 0o700, owner: account)
        if try await isReachable(inside, by: account) { return PostgresCluster(folder: inside, account: account) }
        let elsewhere = "/var/lib/lms/" + randomHex(bytes: 8)
        try makeFolder(elsewhere, mode: 0o700, owner: account)
        try writeFile(elsewhere, to: note)
        return PostgresCluster(folder: elsewhere, account: account)
    }

    /// Nil for our own.
    static func accountToRunAs(user: uid_t, postgres: Account?) throws -> Account? {
        guard user == 0 else { return nil }
        guard let postgres else { throw LocalStackError.postgresAccountMissing }
        return postgres
    }

    private static func isReachable(_ path: String, by account: Account) async throws -> Bool {
        let test = Command("/usr/bin/test", ["-x", path], directory: "/", account: account, log: "/dev/null")
        return try await ChildProcess.start(test).waitForExit().isSuccess
    }

    /// Makes the data folder with `initdb`. Half a cluster is never taken for a whole one: it is made under another
    /// name, and renamed at the end.
    func create(
        with installation: PostgresInstallation, administrator: String, password: String, purpose: Purpose, log: String
    ) async throws {
        let draft = data + ".new"
        let passwordFile = folder + "/password"
        try writeFile(password, to: passwordFile, mode: 0o600, owner: account)
        defer { unlink(passwordFile) }
        try await ChildProcess.run(Command("/bin/rm", ["-rf", draft], log: log))
        let options = [
            "--pgdata", draft, "--username", administrator, "--pwfile", passwordFile, "--auth", "scram-sha-256",
            "--encoding", "UTF8", "--locale", "C.UTF-8", "--no-instructions",
        ]
        try await ChildProcess.run(
            Command(
                installation.binaries + "/initdb", options + (purpose == .tests ? ["--no-sync"] : []),
                environment: Self.environment, directory: folder, account: account, deathSignal: .kill, log: log))
        guard rename(draft, data) == 0 else { throw LocalStackError.fileAccess(path: data, reason: reasonOfErrno()) }
    }

    /// Whether the last words of the log are that processes of an earlier server still hold the data.
    func isHeldByAnother(log: String) -> Bool {
        lastLines(ofFile: log).contains {
            $0.contains("pre-existing shared memory block") || $0.contains("\"postmaster.pid\" already exists")
        }
    }
}
