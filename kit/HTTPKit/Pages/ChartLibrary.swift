import Foundation
import Logging

/// The chart library dygraphs, where Debian's package `libjs-dygraphs` puts it.
public struct ChartLibrary: Sendable {
    /// Its files; none when it is not installed.
    public let files: [URL]

    public init(folder: URL = URL(fileURLWithPath: "/usr/share/javascript/dygraphs"), logger: Logger) {
        let files = ["dygraph.min.js", "dygraph.min.css"].map(folder.appendingPathComponent)
        guard files.allSatisfy({ FileManager.default.isReadableFile(atPath: $0.path) }) else {
            logger.warning(
                "the pages have no charts: install libjs-dygraphs", metadata: ["folder": "\(folder.path)"])
            self.files = []
            return
        }
        self.files = files
    }

    public var isInstalled: Bool { !files.isEmpty }
}
