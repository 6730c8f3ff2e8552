import Foundation

/// A folder with files of a test's own.
struct TestFolder: Sendable {
    let path: String

    /// Runs `body` with a folder of these files, which is removed afterwards.
    static func with<Result>(
        _ files: [String: String] = [:], _ body: (TestFolder) async throws -> Result
    ) async throws -> Result {
        let url = FileManager.default.temporaryDirectory.appending(path: "lms-files-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: url) }
        let folder = TestFolder(path: url.path)
        for (name, text) in files { try folder.write(name, Data(text.utf8)) }
        return try await body(folder)
    }

    func write(_ name: String, _ data: Data) throws {
        let url = URL(fileURLWithPath: "\(path)/\(name)")
        try FileManager.default.createDirectory(
            at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try data.write(to: url)
    }

    func link(_ name: String, to target: String) throws {
        try FileManager.default.createSymbolicLink(atPath: "\(path)/\(name)", withDestinationPath: target)
    }
}
