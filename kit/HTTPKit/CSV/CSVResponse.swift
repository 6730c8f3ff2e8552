import Hummingbird
import NIOCore

/// A list as a CSV file: all of it, read page by page while it is written, so that its size costs no memory.
public struct CSVResponse<Key: Codable & Sendable, Item: Sendable>: ResponseGenerator, Sendable {
    private let name: String
    private let header: CSVRow
    private let order: SortOrder
    private let key: @Sendable (Item) -> Key
    private let row: @Sendable (Item) -> CSVRow
    private let page: @Sendable (PageRequest<Key>) async throws -> [Item]

    /// - Parameters:
    ///   - name: What a browser saves the file as, without `.csv`: letters, digits and hyphens.
    ///   - key: What the list is sorted by.
    ///   - page: Reads a page, of at most `fetchLimit` items.
    public init(
        _ name: String, header: [String], order: SortOrder, key: @escaping @Sendable (Item) -> Key,
        row: @escaping @Sendable (Item) -> CSVRow,
        page: @escaping @Sendable (PageRequest<Key>) async throws -> [Item]
    ) {
        self.name = name
        self.header = CSVRow(header)
        self.order = order
        self.key = key
        self.row = row
        self.page = page
    }

    public func response(from request: Request, context: some RequestContext) throws -> Response {
        let list = self
        let body = ResponseBody { writer in
            try await writer.write(ByteBuffer(string: list.header.text))
            var position: Key?
            repeat {
                let items = try await list.page(PageRequest(limit: 1000, order: list.order, after: position))
                try await writer.write(ByteBuffer(string: items.map { list.row($0).text }.joined()))
                position = items.last.map(list.key)
            } while position != nil
            try await writer.finish(nil)
        }
        return Response(
            status: .ok,
            headers: [
                .contentType: "text/csv; charset=utf-8", .contentDisposition: "attachment; filename=\"\(name).csv\"",
            ], body: body)
    }
}

/// As what a list is answered.
public enum ListFormat: String, Sendable, CaseIterable {
    case json, csv
}

extension Request {
    /// `?format=`, or else what `Accept` asks for first; JSON where neither says anything.
    ///
    /// - Throws: 422 for another format.
    public func listFormat() throws(Problem) -> ListFormat {
        if let format = try query().value("format", as: ListFormat.self) { return format }
        let first = headers[.accept]?.split(separator: ",").map { MediaRange($0) }.first { $0.isWanted }
        return first?.type == MediaTypeName.csv.description ? .csv : .json
    }
}
