import Hummingbird
import NIOCore

/// A CSV file that is written while it is read from wherever it comes, so that its size costs no memory.
public struct CSVResponse: ResponseGenerator {
    /// Gives the next rows each time it is called; none at the end.
    public typealias Rows = @Sendable () async throws -> [CSVRow]

    private let name: String
    private let header: CSVRow
    private let rows: @Sendable () -> Rows

    /// - Parameters:
    ///   - name: What a browser saves the file as, without `.csv`: letters, digits and hyphens.
    ///   - rows: Makes what gives the rows.
    public init(_ name: String, header: [String], rows: @escaping @Sendable () -> Rows) {
        self.name = name
        self.header = CSVRow(header)
        self.rows = rows
    }

    public func response(from request: Request, context: some RequestContext) throws -> Response {
        let (header, rows) = (header, rows)
        let body = ResponseBody { writer in
            try await writer.write(ByteBuffer(string: header.text))
            let next = rows()
            while case let page = try await next(), !page.isEmpty {
                try await writer.write(ByteBuffer(string: page.map(\.text).joined()))
            }
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
