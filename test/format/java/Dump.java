// Apache's own Avro library as an oracle: prints each record of a file as one line, its type and its fields in the file's order.

import java.io.File;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.apache.avro.Schema;
import org.apache.avro.file.DataFileReader;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericRecord;

public class Dump {
  public static void main(String[] args) throws Exception {
    PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
    try (DataFileReader<GenericRecord> reader =
        new DataFileReader<>(new File(args[0]), new GenericDatumReader<>())) {
      for (GenericRecord datum : reader) out.println(text((GenericRecord) datum.get("rec")));
    }
    out.flush();
  }

  static String text(GenericRecord record) {
    StringBuilder line = new StringBuilder(record.getSchema().getName());
    for (Schema.Field field : record.getSchema().getFields()) {
      line.append(' ').append(field.name()).append('=').append(value(record.get(field.pos())));
    }
    return line.toString();
  }

  static String value(Object value) {
    if (value instanceof GenericRecord) return "{" + text((GenericRecord) value) + "}";
    if (value instanceof ByteBuffer) {
      StringBuilder hex = new StringBuilder();
      ByteBuffer bytes = ((ByteBuffer) value).duplicate();
      while (bytes.hasRemaining()) hex.append(String.format("%02x", bytes.get()));
      return hex.toString();
    }
    return String.valueOf(value);
  }
}
