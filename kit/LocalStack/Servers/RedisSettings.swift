/// The configuration file of a private Redis.
struct RedisSettings: Sendable {
    var port: Int
    var folder: String
    var password: String
    var purpose: Purpose

    var configuration: String {
        let lines = [
            "bind 127.0.0.1",
            "port \(port)",
            "requirepass \(password)",
            "dir \(quoted(folder))",
            "daemonize no",
            "logfile \"\"",
            "loglevel notice",
            "save \"\"",
            // Streams are trimmed by their writers; a server that drops keys by itself would lose events.
            "maxmemory-policy noeviction",
            "appendonly yes",
            // What a command has changed is handed to the kernel before it is answered, and the kernel keeps it when the
            // server is killed; only a crash of the machine would lose anything. With `everysec` a write may have to
            // wait for the one before it to reach the disk.
            "appendfsync \(purpose == .development ? "everysec" : "no")",
            // Tests that run beside each other take a database each.
            "databases \(purpose == .development ? 16 : RedisServer.testDatabases)",
        ]
        return lines.joined(separator: "\n") + "\n"
    }

    /// A quoted word of redis.conf.
    private func quoted(_ text: String) -> String {
        let escaped = text.flatMap { $0 == "\"" || $0 == "\\" ? ["\\", $0] : [$0] }
        return "\"" + String(escaped) + "\""
    }
}
