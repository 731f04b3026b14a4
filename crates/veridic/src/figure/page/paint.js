// Drawing of points: with WebGL 2, or pixel by pixel where there is none.

const VERTEX = `#version 300 es
in vec2 place; in vec4 color; uniform vec2 scale, middle; uniform float size; out vec4 tint;
void main() { gl_Position = vec4((place - middle) * scale, 0.0, 1.0); gl_PointSize = size; tint = color; }`;
const FRAGMENT = `#version 300 es
precision highp float; in vec4 tint; uniform float size, strength; out vec4 pixel;
void main() {
  float edge = size * (0.5 - length(gl_PointCoord - 0.5));
  float alpha = clamp(edge + 0.35, 0.0, 1.0) * tint.a * strength;
  if (alpha <= 0.0) discard;
  pixel = vec4(tint.rgb * alpha, alpha);
}`;

/** A painter for `canvas`; "webgl" and "canvas" ask for one of them. Both kinds take colors as bytes (red, green, blue, opacity), an order, and points to stress. */
function makePainter(canvas, plane, wanted) {
  // WebGL computed by the processor is slower than setting the pixels.
  const options = { antialias: false, powerPreference: "high-performance", failIfMajorPerformanceCaveat: wanted !== "webgl" };
  const gl = wanted === "canvas" ? null : canvas.getContext("webgl2", options);
  return gl ? new GlPainter(gl, plane) : new PixelPainter(canvas.getContext("2d"), plane);
}

class GlPainter {
  constructor(gl, plane) {
    this.gl = gl;
    this.name = "WebGL";
    const program = gl.createProgram();
    for (const [kind, source] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]]) {
      const shader = gl.createShader(kind);
      gl.shaderSource(shader, source);
      gl.compileShader(shader);
      gl.attachShader(program, shader);
    }
    gl.linkProgram(program);
    if (!gl.getProgramParameter(program, gl.LINK_STATUS)) throw new Error(gl.getProgramInfoLog(program));
    gl.useProgram(program);
    this.at = Object.fromEntries(["scale", "middle", "size", "strength"].map((name) => [name, gl.getUniformLocation(program, name)]));
    const attribute = (name, width, type, normalized) => {
      const buffer = gl.createBuffer();
      const place = gl.getAttribLocation(program, name);
      gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
      gl.enableVertexAttribArray(place);
      gl.vertexAttribPointer(place, width, type, normalized, 0, 0);
      return buffer;
    };
    attribute("place", 2, gl.FLOAT, false);
    gl.bufferData(gl.ARRAY_BUFFER, plane, gl.STATIC_DRAW);
    this.colors = attribute("color", 4, gl.UNSIGNED_BYTE, true);
    this.lists = { order: gl.createBuffer(), stressed: gl.createBuffer() };
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    gl.clearColor(0, 0, 0, 0);
  }

  setColors(bytes) {
    this.gl.bindBuffer(this.gl.ARRAY_BUFFER, this.colors);
    this.gl.bufferData(this.gl.ARRAY_BUFFER, bytes, this.gl.DYNAMIC_DRAW);
  }

  setList(name, rows) {
    this.gl.bindBuffer(this.gl.ELEMENT_ARRAY_BUFFER, this.lists[name]);
    this.gl.bufferData(this.gl.ELEMENT_ARRAY_BUFFER, rows, this.gl.DYNAMIC_DRAW);
  }

  draw(view, ratio, parts) {
    const { gl, at } = this;
    gl.viewport(0, 0, gl.drawingBufferWidth, gl.drawingBufferHeight);
    gl.clear(gl.COLOR_BUFFER_BIT);
    gl.uniform2f(at.scale, 2 * view.unit / view.width, 2 * view.unit / view.height);
    gl.uniform2f(at.middle, view.x, view.y);
    for (const { list, first, count, size, strength } of parts) {
      if (!count) continue;
      gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, this.lists[list]);
      gl.uniform1f(at.size, size * ratio);
      gl.uniform1f(at.strength, strength);
      gl.drawElements(gl.POINTS, count, gl.UNSIGNED_INT, 4 * first);
    }
  }
}

class PixelPainter {
  constructor(context, plane) {
    this.context = context;
    this.plane = plane;
    this.name = "2D canvas";
    this.lists = {};
  }

  setColors(bytes) {
    this.bytes = bytes;
  }

  setList(name, rows) {
    this.lists[name] = rows;
  }

  draw(view, ratio, parts) {
    const { width, height } = this.context.canvas;
    const image = this.context.createImageData(width, height);
    const { data } = image;
    const [unit, left, top] = [view.unit * ratio, width / 2, height / 2];
    for (const { list, first, count, size, strength } of parts) {
      const disc = discOf(size * ratio);
      const rows = this.lists[list];
      for (let p = first; p < first + count; p++) {
        const i = rows[p];
        const x = Math.round(left + (this.plane[2 * i] - view.x) * unit);
        const y = Math.round(top - (this.plane[2 * i + 1] - view.y) * unit);
        if (x < -20 || y < -20 || x > width + 20 || y > height + 20) continue;
        const alpha = this.bytes[4 * i + 3] / 255 * strength;
        for (const [dx, dy] of disc) {
          if (x + dx < 0 || y + dy < 0 || x + dx >= width || y + dy >= height) continue;
          const to = 4 * ((y + dy) * width + x + dx);
          // Both the picture and the point are translucent.
          const under = data[to + 3] / 255 * (1 - alpha);
          const sum = alpha + under;
          for (let c = 0; c < 3; c++) data[to + c] = (this.bytes[4 * i + c] * alpha + data[to + c] * under) / sum;
          data[to + 3] = 255 * sum;
        }
      }
    }
    this.context.putImageData(image, 0, 0);
  }
}

/** The pixels of a disc around a pixel. */
function discOf(size) {
  const reach = Math.floor(size / 2);
  const pixels = [];
  for (let y = -reach; y <= reach; y++) {
    for (let x = -reach; x <= reach; x++) if (x * x + y * y <= size * size / 4) pixels.push([x, y]);
  }
  return pixels;
}

/** The color at `share` (0 to 1) of a scale given at even steps. */
function between(steps, share) {
  const place = clamp(share, 0, 1) * (steps.length - 1);
  const i = Math.min(Math.floor(place), steps.length - 2);
  return steps[i].map((from, c) => Math.round(from + (steps[i + 1][c] - from) * (place - i)));
}

/** Image `i` of `pixels` as a canvas. */
function picture(images, pixels, i) {
  const canvas = document.createElement("canvas");
  canvas.width = images.width;
  canvas.height = images.height;
  const context = canvas.getContext("2d");
  const image = context.createImageData(images.width, images.height);
  const size = images.width * images.height;
  for (let p = 0; p < size; p++) {
    for (let c = 0; c < 3; c++) image.data[4 * p + c] = pixels[images.channels * (i * size + p) + (images.channels === 3 ? c : 0)];
    image.data[4 * p + 3] = 255;
  }
  context.putImageData(image, 0, 0);
  return canvas;
}
