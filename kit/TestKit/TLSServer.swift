import Foundation

/// Runs `body` with the port of a TLS server whose certificate for `localhost` nobody has signed but itself.
public func withTLSServer(_ body: (Int) async throws -> Void) async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let files = ["-keyout", "key.pem", "-out", "certificate.pem"]
    let making = try openssl(
        ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=localhost"]
            + ["-addext", "subjectAltName=DNS:localhost"] + files, in: folder)
    making.process.waitUntilExit()
    let server = try openssl(
        ["s_server", "-accept", "127.0.0.1:0", "-www", "-key", "key.pem", "-cert", "certificate.pem"], in: folder)
    // It inherits the signal mask of a Dispatch thread, which blocks SIGTERM.
    defer { kill(server.process.processIdentifier, SIGKILL) }
    // It says "ACCEPT 127.0.0.1:<port>" when it listens.
    var said = ""
    while !said.contains(/ACCEPT .*\n/), let data = try server.output.read(upToCount: 1) {
        said += String(decoding: data, as: UTF8.self)
    }
    let port = said.firstMatch(of: /ACCEPT .*:(\d+)\n/).flatMap { Int($0.1) }
    try await body(port ?? 0)
}

private func openssl(_ arguments: [String], in folder: URL) throws -> (process: Process, output: FileHandle) {
    let process = Process()
    let output = Pipe()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
    process.arguments = arguments
    process.currentDirectoryURL = folder
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()
    return (process, output.fileHandleForReading)
}
