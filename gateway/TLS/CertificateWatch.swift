import Glibc
import Logging
import ServiceKit
import ServiceLifecycle

/// Takes a renewed certificate into use: looks at its files from time to time, and reads them when they are others.
struct CertificateWatch: Service {
    let contexts: TLSContexts
    let interval: Duration
    let logger: Logger

    /// What tells one version of a file from the next; a link counts as what it leads to, as Kubernetes replaces links.
    private struct Version: Equatable {
        var inode: UInt
        var size: Int
        var seconds: Int
        var nanoseconds: Int

        init?(_ path: String) {
            var status = stat()
            guard stat(path, &status) == 0 else { return nil }
            inode = UInt(status.st_ino)
            size = Int(status.st_size)
            seconds = status.st_mtim.tv_sec
            nanoseconds = status.st_mtim.tv_nsec
        }
    }

    private var versions: [Version?] { [Version(contexts.settings.certificate), Version(contexts.settings.key)] }

    func run() async {
        await cancelWhenGracefulShutdown {
            // What stood there before this began may be newer than what was read.
            var last: [Version?] = []
            for await _ in Rounds(every: interval) {
                let now = versions
                if now != last { reload() }
                last = now
            }
        }
    }

    /// A pair that does not work is tried again once one of its files changes: they may be written one after the other.
    private func reload() {
        do {
            try contexts.reload()
            logger.info("certificate read", metadata: ["file": "\(contexts.settings.certificate)"])
        } catch {
            logger.error("the certificate cannot be renewed; the last one stays", metadata: ["error": "\(error)"])
        }
    }
}
