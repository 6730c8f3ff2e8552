import FoundationEssentials
import LocalStack

/// Where the installation of a state folder can be reached, for the other commands of the tool: `.lms/run.json`.
struct RunFile: Sendable, Codable {
    let gateway: String
    /// The administrator's URL.
    let databaseURL: String
    let redisURL: String
    let secretKey: String
    let rolePrefix: String
    let demo: Login?

    /// What the last `lms up` with this folder wrote, if there was one.
    static func load(dataDirectory: String) -> RunFile? {
        file(dataDirectory).read().flatMap { try? JSONDecoder().decode(RunFile.self, from: Data($0.utf8)) }
    }

    /// - Throws: `LocalStackError`.
    func save(dataDirectory: String) throws {
        try Self.file(dataDirectory).write(String(decoding: try JSONEncoder().encode(self), as: UTF8.self))
    }

    private static func file(_ dataDirectory: String) -> PrivateFile {
        PrivateFile(dataDirectory + "/run.json")
    }
}
