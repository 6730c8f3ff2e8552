import Glibc
import LocalStack

/// What is installed on this machine, and which ports are free.
struct MachineChecks {
    let binaries: String
    /// Whether private servers are what is used.
    let usesPrivateServers: Bool

    func findings() -> [Finding] {
        [services] + (usesPrivateServers ? [postgres, redis] : [])
    }

    private var services: Finding {
        let missing = Component.allCases.map(\.executable).filter { access("\(binaries)/\($0)", X_OK) != 0 }
        return missing.isEmpty
            ? .ok("services", "all \(Component.allCases.count) executables are in \(binaries)")
            : .problem(
                "services", "\(missing.joined(separator: ", ")) not found in \(binaries)",
                advice: "Type: swift build -c release")
    }

    private var postgres: Finding {
        let installed = PostgresInstallation.installed().sorted { $0.version < $1.version }
        guard let newest = installed.last, newest.version >= PostgresInstallation.minimumVersion else {
            let found = installed.last.map { "\($0.version) is too old" } ?? "not installed"
            return .problem("PostgreSQL", found, advice: "Type: sudo apt-get install postgresql")
        }
        if geteuid() == 0, Account(named: "postgres") == nil {
            return .problem(
                "PostgreSQL", "there is no account `postgres` to run it as",
                advice: "Type: sudo apt-get install postgresql, or use another user than root")
        }
        return .ok("PostgreSQL", "version \(newest.version) in \(newest.binaries)")
    }

    private var redis: Finding {
        guard let path = RedisServer.installed() else {
            return .problem("Redis", "not installed", advice: "Type: sudo apt-get install redis-server")
        }
        return .ok("Redis", path)
    }
}
