import Foundation
import Glibc
import LocalStack

extension ManagedProcess {
    /// Halts a server for the length of `body`, with every socket open: what a hung machine looks like from outside.
    ///
    /// PostgreSQL serves each connection by a process of its own, so what a server has forked is halted, too.
    /// - Throws: what `body` throws.
    public nonisolated func whileFrozen<Result>(_ body: () async throws -> Result) async throws -> Result {
        let server = await processID ?? 0
        precondition(server > 0, "\(program.name) does not run")
        // The server first, so that it forks no more.
        Glibc.kill(server, SIGSTOP)
        let all = [server] + Self.children(of: server)
        for process in all { Glibc.kill(process, SIGSTOP) }
        defer { for process in all { Glibc.kill(process, SIGCONT) } }
        return try await body()
    }

    private static func children(of parent: pid_t) -> [pid_t] {
        let processes = (try? FileManager.default.contentsOfDirectory(atPath: "/proc"))?.compactMap(pid_t.init) ?? []
        return processes.filter { process in
            // proc(5): `pid (name) state ppid …`, and a name may have spaces.
            let status = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)
            let fields = status?.split(separator: ")").last?.split(separator: " ") ?? []
            return fields.count > 1 && fields[1] == "\(parent)"
        }
    }
}
