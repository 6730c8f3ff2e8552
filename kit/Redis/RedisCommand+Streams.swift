extension RedisCommand {
    /// Appends an entry. Without `id` the server gives one; with `trim` it also shortens the stream.
    public static func xadd(
        _ stream: String, _ fields: [(name: String, value: any RedisArgument)], id: StreamID? = nil,
        trim: StreamTrim? = nil
    ) -> RedisCommand {
        var arguments: [any RedisArgument] = [stream]
        arguments += trim?.arguments ?? []
        arguments.append(id?.description ?? "*")
        for field in fields { arguments += [field.name, field.value] }
        return RedisCommand("XADD", arguments)
    }

    public static func xack(_ stream: String, group: String, _ ids: [StreamID]) -> RedisCommand {
        RedisCommand("XACK", [stream, group] + ids)
    }

    static func xread(
        _ streams: [(name: String, from: StreamPosition)], count: Int?, block: Duration?
    ) -> RedisCommand {
        let options = readOptions(count: count, block: block)
        let positions = streams.map(\.name) + streams.map(\.from.text)
        return RedisCommand("XREAD", options + ["STREAMS"] + positions, blocksFor: block ?? .zero)
    }

    static func xreadgroup(
        _ streams: [(name: String, from: StreamGroupPosition)], group: String, consumer: String, count: Int?,
        block: Duration?, keepsPending: Bool = true
    ) -> RedisCommand {
        var options: [any RedisArgument] = ["GROUP", group, consumer] + readOptions(count: count, block: block)
        if !keepsPending { options.append("NOACK") }
        let positions = streams.map(\.name) + streams.map(\.from.text)
        return RedisCommand("XREADGROUP", options + ["STREAMS"] + positions, blocksFor: block ?? .zero)
    }

    private static func readOptions(count: Int?, block: Duration?) -> [any RedisArgument] {
        var options: [any RedisArgument] = []
        if let count { options += ["COUNT", count] }
        // The server takes 0 for "without end".
        if let block { options += ["BLOCK", max(1, block.milliseconds)] }
        return options
    }
}
