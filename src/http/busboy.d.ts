declare module 'busboy' {
  import type { Readable, Writable } from 'node:stream';

  interface FileInfo {
    readonly filename: string | undefined;
    readonly mimeType: string;
  }

  interface FieldInfo {
    readonly nameTruncated: boolean;
    readonly valueTruncated: boolean;
  }

  interface Limits {
    readonly fieldNameSize?: number;
    readonly fieldSize?: number;
    readonly fields?: number;
    readonly files?: number;
    readonly parts?: number;
  }

  interface Busboy extends Writable {
    on(event: 'file', listener: (name: string, stream: Readable, info: FileInfo) => void): this;
    on(event: 'field', listener: (name: string, value: string, info: FieldInfo) => void): this;
    on(event: 'partsLimit' | 'filesLimit' | 'fieldsLimit' | 'close', listener: () => void): this;
    on(event: 'error', listener: (failure: Error) => void): this;
  }

  function busboy(options: {
    readonly headers: { readonly 'content-type'?: string | undefined };
    readonly limits?: Limits;
    readonly defParamCharset?: string;
  }): Busboy;
  export = busboy;
}
