import Logging
import ServiceKit
import ServiceLifecycle

/// Takes a renewed certificate into use: looks at its files from time to time, and reads them when they are others.
struct CertificateWatch: Service {
    let contexts: TLSContexts
    let interval: Duration
    let logger: Logger

    func run() async {
        await cancelWhenGracefulShutdown {
            for await _ in Rounds(every: interval) { reload() }
        }
    }

    /// A pair that does not work is tried again once one of its files changes: they may be written one after the other.
    private func reload() {
        do {
            guard try contexts.reloadIfChanged() else { return }
            logger.notice("certificate renewed", metadata: ["file": "\(contexts.settings.certificate)"])
        } catch {
            logger.error("the certificate cannot be renewed; the last one stays", metadata: ["error": "\(error)"])
        }
    }
}
