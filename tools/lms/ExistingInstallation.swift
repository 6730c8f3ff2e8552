import ArgumentParser
import FoundationEssentials
import Glibc
import Kernel
import LocalStack
import Postgres

/// The installation that the environment names, or that `lms up` made.
struct ExistingInstallation {
    let installation: Installation
    /// What a person would call where it came from.
    let origin: String

    /// - Throws: `ValidationError` when there is none; `LocalStackError`, `KernelError`.
    init(environment: [String: String], dataDirectory: String) throws {
        let run = RunFile.load(dataDirectory: dataDirectory)
        let variable = ["LMS_ADMIN_DATABASE_URL", "LMS_DATABASE_URL"].first { environment[$0] != nil }
        guard let url = variable.flatMap({ environment[$0] }) ?? run?.databaseURL else {
            throw ValidationError("Which database? Set LMS_ADMIN_DATABASE_URL, or start one with `lms up`.")
        }
        guard let administrator = try? PostgresConfiguration(url: url) else {
            throw LocalStackError.malformedURL(
                variable: variable ?? "run.json", expected: "postgresql://user:password@host:5432/lms")
        }
        guard let secretKey = environment["LMS_SECRET_KEY"] ?? (variable == nil ? run?.secretKey : nil) else {
            throw ValidationError(
                "LMS_SECRET_KEY is not set; the passwords of the database's roles follow from it.")
        }
        let prefix = environment["LMS_DATABASE_ROLE_PREFIX"] ?? (variable == nil ? run?.rolePrefix : nil) ?? ""
        origin = variable ?? dataDirectory
        installation = Installation(
            administrator: administrator,
            redisURL: environment["LMS_REDIS_URL"] ?? run?.redisURL ?? "redis://127.0.0.1:6379/0",
            secretKey: secretKey, roles: try RoleNames(prefix: prefix), ports: [:], inherited: environment)
    }
}

/// The folder of this executable, where the services' executables are too.
func ownFolder() -> String {
    var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
    let length = readlink("/proc/self/exe", &buffer, buffer.count)
    let path = String(decoding: buffer.prefix(max(0, length)).map(UInt8.init(bitPattern:)), as: UTF8.self)
    return path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
}
