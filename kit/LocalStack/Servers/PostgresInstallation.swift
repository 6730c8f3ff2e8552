import FoundationEssentials
import Glibc

/// One PostgreSQL that is installed on this machine.
public struct PostgresInstallation: Sendable, Hashable {
    /// The major version.
    public let version: Int
    /// The folder of `postgres` and `initdb`.
    public let binaries: String
    /// The libraries to preload, of those that are installed: TimescaleDB, pg_stat_statements.
    public let preloadable: [String]

    public var hasTimescaleDB: Bool { preloadable.contains("timescaledb") }

    /// The oldest version that the schema works on.
    public static let minimumVersion = 15

    /// - Parameter number: `server_version_num`, such as 150018.
    /// - Throws: ``LocalStackError/serverTooOld(variable:version:minimum:)``.
    static func check(serverVersion number: Int, of variable: String) throws {
        let version = number / 10_000
        guard version >= minimumVersion else {
            throw LocalStackError.serverTooOld(variable: variable, version: version, minimum: minimumVersion)
        }
    }

    /// Those of Debian's and Ubuntu's packages, `/usr/lib/postgresql/<version>`.
    public static func installed(under root: String = "/usr/lib/postgresql") -> [PostgresInstallation] {
        let versions = (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []
        return versions.compactMap(Int.init).compactMap { version in
            let binaries = "\(root)/\(version)/bin"
            guard access(binaries + "/initdb", X_OK) == 0, access(binaries + "/postgres", X_OK) == 0 else { return nil }
            let preloadable = ["timescaledb", "pg_stat_statements"].filter {
                access("\(root)/\(version)/lib/\($0).so", R_OK) == 0
            }
            return PostgresInstallation(version: version, binaries: binaries, preloadable: preloadable)
        }
    }

    /// The one to run: that of the data which exist already, else the newest that has TimescaleDB, else the newest.
    ///
    /// - Throws: ``LocalStackError/postgresMissing(minimum:)``,
    ///   ``LocalStackError/postgresVersionMissing(version:data:)``.
    static func pick(
        from installed: [PostgresInstallation], data: String, dataVersion: Int?
    ) throws -> PostgresInstallation {
        if let dataVersion {
            guard let match = installed.first(where: { $0.version == dataVersion }) else {
                throw LocalStackError.postgresVersionMissing(version: dataVersion, data: data)
            }
            return match
        }
        let usable = installed.filter { $0.version >= minimumVersion }
        let newest = usable.max { ($0.hasTimescaleDB ? 1 : 0, $0.version) < ($1.hasTimescaleDB ? 1 : 0, $1.version) }
        guard let newest else { throw LocalStackError.postgresMissing(minimum: minimumVersion) }
        return newest
    }
}
