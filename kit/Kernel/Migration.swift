import Crypto
import FoundationEssentials

/// Which server a migration file is for; files without a variant are for both.
public enum DatabaseVariant: String, Sendable {
    case timescale
    case postgres
}

/// One migration file: `0003_readings.sql`, or a pair `0003_readings.timescale.sql` and `0003_readings.postgres.sql`.
public struct Migration: Sendable, Equatable {
    public let version: Int
    public let name: String
    let script: String

    /// The files of `directory` for `variant`, in order.
    ///
    /// - Throws: ``KernelError``.
    public static func load(from directory: URL, variant: DatabaseVariant) throws -> [Migration] {
        guard let files = try? FileManager.default.contentsOfDirectory(atPath: directory.path) else {
            throw KernelError.unreadable(directory.path)
        }
        let wanted = try files.filter { $0.hasSuffix(".sql") }.compactMap { file -> Migration? in
            let name = try FileName(file)
            guard name.variant == nil || name.variant == variant else { return nil }
            guard let data = FileManager.default.contents(atPath: directory.appending(path: file).path) else {
                throw KernelError.unreadable(file)
            }
            return Migration(version: name.version, name: file, script: String(decoding: data, as: UTF8.self))
        }
        let sorted = wanted.sorted { $0.version < $1.version }
        for (first, second) in zip(sorted, sorted.dropFirst()) where first.version == second.version {
            throw KernelError.duplicateMigration(second.name)
        }
        return sorted
    }

    /// Hexadecimal SHA-256 of the file.
    var checksum: String {
        SHA256.hash(data: Data(script.utf8)).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    /// A file whose first line is `-- lms: no transaction` holds one statement that cannot run in one.
    var runsInTransaction: Bool {
        !script.hasPrefix("-- lms: no transaction\n")
    }

    /// The file's text with the roles of this installation: `{{prefix}}` stands for their prefix.
    func script(for roles: RoleNames) -> String {
        script.replacing("{{prefix}}", with: roles.prefix)
    }

    struct FileName: Equatable {
        let version: Int
        let variant: DatabaseVariant?

        init(_ file: String) throws {
            let parts = file.split(separator: ".", omittingEmptySubsequences: false)
            let digits = parts[0].prefix { $0 != "_" }
            guard parts.last == "sql", (2...3).contains(parts.count), digits.count == 4, let version = Int(digits),
                parts[0].count > digits.count + 1
            else { throw KernelError.invalidMigrationName(file) }
            self.version = version
            guard parts.count == 3 else {
                variant = nil
                return
            }
            guard let named = DatabaseVariant(rawValue: String(parts[1])) else {
                throw KernelError.invalidMigrationName(file)
            }
            variant = named
        }
    }
}
