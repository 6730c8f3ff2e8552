import Foundation
import Logging

/// The chart library dygraphs, where Debian's package `libjs-dygraphs` puts it.
struct ChartLibrary: Sendable {
    /// Its files; none when it is not installed.
    let files: [URL]

    init(folder: URL = URL(fileURLWithPath: "/usr/share/javascript/dygraphs"), logger: Logger) {
        let files = ["dygraph.min.js", "dygraph.min.css"].map(folder.appendingPathComponent)
        guard files.allSatisfy({ FileManager.default.isReadableFile(atPath: $0.path) }) else {
            logger.warning(
                "the dashboard has no charts: install libjs-dygraphs", metadata: ["folder": "\(folder.path)"])
            self.files = []
            return
        }
        self.files = files
    }

    var isInstalled: Bool { !files.isEmpty }
}
