import FoundationEssentials
import Kernel
import Logging
import Postgres

extension Rows {
    /// What the rows stand for, for work that is done for everybody at once: one that this version cannot read, which a
    /// newer one may have written, is logged and left out, so that it holds up nothing but what it is about.
    ///
    /// - Parameters:
    ///   - noun: What a row is.
    ///   - decode: Reads a row, whose first column is its id.
    func readable<Value>(_ noun: String, _ logger: Logger, _ decode: (Row) throws -> Value) -> [Value] {
        compactMap { row in
            do {
                return try decode(row)
            } catch {
                let id = try? row.decode(UUID.self, at: 0)
                logger.error(
                    "a stored \(noun) cannot be read and is left out",
                    metadata: ["id": "\(id?.text ?? "unknown")", "error": "\(error)"])
                return nil
            }
        }
    }
}
