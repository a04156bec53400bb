<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="zh_CN" sourcelanguage="en">
 <context>
  <name>Fusar</name>
  <message>
   <source>Demonstration model: its answers show how things work and are often wrong. Do not rely on them.</source>
   <translation>演示模型：其回答仅用于展示用法，经常有误，请勿依赖。</translation>
  </message>
  <message>
   <source>Year</source>
   <translation>年份</translation>
  </message>
  <message>
   <source>Band</source>
   <translation>波段</translation>
  </message>
  <message>
   <source>CRS of the layer</source>
   <translation>图层的坐标参照系</translation>
  </message>
  <message>
   <source>Extent</source>
   <translation>范围</translation>
  </message>
  <message>
   <source>Find out</source>
   <translation>查找</translation>
  </message>
  <message>
   <source>Classes</source>
   <translation>类别</translation>
  </message>
  <message>
   <source>Engine</source>
   <translation>引擎</translation>
  </message>
  <message>
   <source>Prior</source>
   <translation>先验</translation>
  </message>
  <message>
   <source>Water areas</source>
   <translation>水域</translation>
  </message>
  <message>
   <source>Folder of the model</source>
   <translation>模型文件夹</translation>
  </message>
  <message>
   <source>Replace what an analyst has worked on</source>
   <translation>替换分析员处理过的内容</translation>
  </message>
  <message>
   <source>under “{title}”</source>
   <translation>在“{title}”中</translation>
  </message>
  <message>
   <source>… and {n} more: the layer of answers has them, chip by chip</source>
   <translation>…… 另有 {n} 条：回答图层按切片列出</translation>
  </message>
  <message>
   <source>Close</source>
   <translation>关闭</translation>
  </message>
  <message>
   <source>Looking at the box…</source>
   <translation>正在查看框内目标…</translation>
  </message>
  <message>
   <source>Not classified</source>
   <translation>未能分类</translation>
  </message>
  <message>
   <source>Export detections</source>
   <translation>导出检测结果</translation>
  </message>
  <message>
   <source>A scene is being interpreted already; cancel it or wait for its end.</source>
   <translation>已有一景影像正在解译;请取消它,或等它结束。</translation>
  </message>
  <message>
   <source>No scene chosen: load a SAR raster (Layer → Add Layer), then choose it under Scene.</source>
   <translation>尚未选择影像:请先加载 SAR 栅格(图层 → 添加图层),再在“影像”中选择。</translation>
  </message>
  <message>
   <source>Nothing to find out: tick Targets, Count or 3 × 3 grid.</source>
   <translation>没有要查找的内容:请勾选“目标”“计数”或“3 × 3 格网”。</translation>
  </message>
  <message>
   <source>No class chosen: tick at least one under Classes.</source>
   <translation>未选择类别:请在“类别”中至少勾选一项。</translation>
  </message>
  <message>
   <source>Set up engine…</source>
   <translation>安装引擎…</translation>
  </message>
  <message>
   <source>No detections to export: interpret a scene, or choose a detections layer.</source>
   <translation>没有可导出的检测结果:请先解译一景影像,或选择检测结果图层。</translation>
  </message>
  <message>
   <source>Replace it?</source>
   <translation>要替换吗？</translation>
  </message>
  <message>
   <source>The project was closed: the interpretation was stopped.</source>
   <translation>工程已关闭:解译已停止。</translation>
  </message>
  <message>
   <source>The scene was removed from the map; its interpretation goes on. Cancel stops it.</source>
   <translation>影像已从地图中移除;解译仍在继续。按“取消”可停止。</translation>
  </message>
  <message>
   <source> What was found until then is kept in “{layer}”.</source>
   <translation> 此前找到的结果保存在“{layer}”中。</translation>
  </message>
  <message>
   <source>Stopped.</source>
   <translation>已停止。</translation>
  </message>
  <message>
   <source>{scene} (partial)</source>
   <translation>{scene}(部分)</translation>
  </message>
  <message>
   <source>“{layer}” cannot be read; its file may have moved. Load it again.</source>
   <translation>无法读取“{layer}”;文件可能已移动。请重新加载。</translation>
  </message>
  <message>
   <source>The year of “{layer}” is not known, and the prior needs it: type it under Year.</source>
   <translation>“{layer}”的年份未知,而先验需要年份:请在“年份”中填写。</translation>
  </message>
  <message>
   <source>“{layer}” has no CRS: results lie on its pixels and carry no sizes in metres.</source>
   <translation>“{layer}”没有坐标系:结果位于其像素上,不含以米为单位的尺寸。</translation>
  </message>
  <message>
   <source>Result</source>
   <translation>结果</translation>
  </message>
  <message>
   <source>Ask</source>
   <translation>提问</translation>
  </message>
  <message>
   <source>Working…</source>
   <translation>工作中…</translation>
  </message>
  <message>
   <source>Starting the engine…</source>
   <translation>正在启动引擎…</translation>
  </message>
  <message>
   <source>FUSAR: asking the engine</source>
   <translation>FUSAR:正在询问引擎</translation>
  </message>
  <message>
   <source>Read from: {source}</source>
   <translation>来源:{source}</translation>
  </message>
  <message>
   <source>Loading “{engine}”…</source>
   <translation>正在加载“{engine}”…</translation>
  </message>
  <message>
   <source>Ready · engine {version}</source>
   <translation>就绪 · 引擎 {version}</translation>
  </message>
  <message>
   <source>demonstration model</source>
   <translation>演示模型</translation>
  </message>
  <message>
   <source>FUSAR-GPT needs PyTorch, which this engine was set up without: press “Set up engine…” and let it run on the processor or an NVIDIA card.</source>
   <translation>FUSAR-GPT 需要 PyTorch，而当前引擎安装时未包含它：请点击“安装引擎…”，并选择在处理器或 NVIDIA 显卡上运行。</translation>
  </message>
  <message>
   <source>no answer</source>
   <translation>无回答</translation>
  </message>
  <message>
   <source>none</source>
   <translation>无</translation>
  </message>
  <message>
   <source>Cells of the 3 × 3 grid that hold targets: {cells}</source>
   <translation>3 × 3 格网中含目标的单元:{cells}</translation>
  </message>
  <message>
   <source>FUSAR: user guide</source>
   <translation>FUSAR：用户指南</translation>
  </message>
  <message>
   <source>{answer} ({n} of {all} chips)</source>
   <translation>{answer}（{all} 个切片中的 {n} 个）</translation>
  </message>
  <message>
   <source>No scene to look at: choose a SAR layer first, then draw the box.</source>
   <translation>没有可查看的影像:请先选择 SAR 图层,再画框。</translation>
  </message>
  <message>
   <source>The engine gave no answer.</source>
   <translation>引擎没有给出回答。</translation>
  </message>
  <message>
   <source>Nothing there</source>
   <translation>此处没有目标</translation>
  </message>
  <message>
   <source>No scene to ask about: choose a SAR layer first.</source>
   <translation>没有可提问的影像:请先选择 SAR 图层。</translation>
  </message>
  <message>
   <source>no class could be read</source>
   <translation>未能读出类别</translation>
  </message>
  <message>
   <source>The box lies outside “{layer}”: draw it on the image.</source>
   <translation>所画的框在“{layer}”之外:请画在影像上。</translation>
  </message>
  <message>
   <source>classified boxes</source>
   <translation>已分类的框</translation>
  </message>
  <message>
   <source>{scene}: detections (reading…)</source>
   <translation>{scene}:检测结果(读取中…)</translation>
  </message>
  <message>
   <source>{scene}: detections (partial)</source>
   <translation>{scene}:检测结果(部分)</translation>
  </message>
  <message>
   <source>Copy diagnostics</source>
   <translation>复制诊断信息</translation>
  </message>
  <message>
   <source>The command “fusar” of an environment</source>
   <translation>某个环境中的“fusar”命令</translation>
  </message>
  <message>
   <source>the environment made by Set up engine</source>
   <translation>由“安装引擎”建立的环境</translation>
  </message>
  <message>
   <source>fusar-nano, the small model that comes with the engine</source>
   <translation>fusar-nano，引擎自带的小模型</translation>
  </message>
  <message>
   <source>the system's folder for caches</source>
   <translation>系统缓存文件夹</translation>
  </message>
  <message>
   <source>Worker (GPU server)</source>
   <translation>远程服务器(GPU)</translation>
  </message>
  <message>
   <source>AlphaEarth prior</source>
   <translation>AlphaEarth 先验</translation>
  </message>
  <message>
   <source>Command</source>
   <translation>命令</translation>
  </message>
  <message>
   <source>Default engine</source>
   <translation>默认引擎</translation>
  </message>
  <message>
   <source>Address</source>
   <translation>地址</translation>
  </message>
  <message>
   <source>Key</source>
   <translation>密钥</translation>
  </message>
  <message>
   <source>Source</source>
   <translation>来源</translation>
  </message>
  <message>
   <source>Earth Engine project</source>
   <translation>Earth Engine 项目</translation>
  </message>
  <message>
   <source>Cache folder</source>
   <translation>缓存文件夹</translation>
  </message>
  <message>
   <source>Cache at most</source>
   <translation>缓存上限</translation>
  </message>
  <message>
   <source>The key is kept by QGIS's authentication manager and never written to a file or a log.</source>
   <translation>密钥由 QGIS 的身份验证管理器保存,绝不写入文件或日志。</translation>
  </message>
  <message>
   <source>none, mosaic (public, no account), earth-engine, or the path of a raster of 64 bands.</source>
   <translation>none(无)、mosaic(公开,无需账号)、earth-engine,或 64 波段栅格的路径。</translation>
  </message>
  <message>
   <source>Found: {path}</source>
   <translation>已找到:{path}</translation>
  </message>
  <message>
   <source>e.g. How many ships lie at the quay?</source>
   <translation>例如:码头边停了几艘船?</translation>
  </message>
  <message>
   <source>Questions and answers of this session appear here.</source>
   <translation>本次会话的问题和回答显示在这里。</translation>
  </message>
  <message>
   <source>Asking…</source>
   <translation>提问中…</translation>
  </message>
  <message>
   <source>Least confidence</source>
   <translation>最低置信度</translation>
  </message>
  <message>
   <source>Confirm (C)</source>
   <translation>确认 (C)</translation>
  </message>
  <message>
   <source>Reject (R)</source>
   <translation>剔除 (R)</translation>
  </message>
  <message>
   <source>Export…</source>
   <translation>导出…</translation>
  </message>
  <message>
   <source>Click: zoom to it. Keys: C confirm, R reject, U undo.</source>
   <translation>单击:缩放到目标。按键:C 确认,R 剔除,U 撤销。</translation>
  </message>
  <message>
   <source>No result yet.</source>
   <translation>尚无结果。</translation>
  </message>
  <message>
   <source>{n} doubtful (not counted)</source>
   <translation>{n} 个存疑(不计数)</translation>
  </message>
  <message>
   <source>{n} confirmed</source>
   <translation>{n} 个已确认</translation>
  </message>
  <message>
   <source>{n} rejected</source>
   <translation>{n} 个已剔除</translation>
  </message>
  <message>
   <source>Press &lt;i&gt;Interpret scene&lt;/i&gt;.</source>
   <translation>请按&lt;i&gt;解译影像&lt;/i&gt;。</translation>
  </message>
  <message>
   <source>The layer is being edited: save or drop the edits, then filter by confidence.</source>
   <translation>图层正在编辑:请先保存或放弃编辑,再按置信度筛选。</translation>
  </message>
  <message>
   <source>Select detections in the list first.</source>
   <translation>请先在列表中选择检测结果。</translation>
  </message>
  <message>
   <source>This layer's rows were lost when the project was closed. Interpret the scene again.</source>
   <translation>此图层的内容在关闭工程时已丢失。请重新解译场景。</translation>
  </message>
  <message>
   <source>Confidence ≥ {x}</source>
   <translation>置信度 ≥ {x}</translation>
  </message>
  <message>
   <source>No targets found.</source>
   <translation>没有找到目标。</translation>
  </message>
  <message>
   <source>“{layer}” cannot be written: export it to a file of your own, and review that.</source>
   <translation>“{layer}”不可写:请导出到自己的文件后再审核。</translation>
  </message>
  <message>
   <source>The run failed without saying why; the log of the engine may tell.</source>
   <translation>运行失败且未说明原因;引擎日志中可能有说明。</translation>
  </message>
  <message>
   <source>The Processing algorithm is not registered; restart QGIS.</source>
   <translation>Processing 算法未注册;请重启 QGIS。</translation>
  </message>
  <message>
   <source>cfar: bright targets</source>
   <translation>cfar:亮目标检测</translation>
  </message>
  <message>
   <source>FUSAR-GPT, local</source>
   <translation>FUSAR-GPT(本机)</translation>
  </message>
  <message>
   <source>FUSAR-GPT, worker</source>
   <translation>FUSAR-GPT(服务器)</translation>
  </message>
  <message>
   <source>no CRS</source>
   <translation>无坐标系</translation>
  </message>
  <message>
   <source>Cancel</source>
   <translation>取消</translation>
  </message>
  <message>
   <source>Stopping…</source>
   <translation>正在停止…</translation>
  </message>
  <message>
   <source>choose a SAR layer…</source>
   <translation>选择 SAR 图层…</translation>
  </message>
  <message>
   <source>Set up…</source>
   <translation>安装…</translation>
  </message>
  <message>
   <source>choose classes…</source>
   <translation>选择类别…</translation>
  </message>
  <message>
   <source>none (land too)</source>
   <translation>无(陆地也搜索)</translation>
  </message>
  <message>
   <source>Interpret scene</source>
   <translation>解译影像</translation>
  </message>
  <message>
   <source>Scene</source>
   <translation>影像</translation>
  </message>
  <message>
   <source>Where</source>
   <translation>范围</translation>
  </message>
  <message>
   <source>Prior, year and water</source>
   <translation>先验、年份与水域</translation>
  </message>
  <message>
   <source>Raster of AlphaEarth embeddings (A00 to A63)</source>
   <translation>AlphaEarth 嵌入栅格(A00 至 A63)</translation>
  </message>
  <message>
   <source>not known – type it</source>
   <translation>未知,请填写</translation>
  </message>
  <message>
   <source>Whole scene</source>
   <translation>整景</translation>
  </message>
  <message>
   <source>What the map shows</source>
   <translation>地图显示的范围</translation>
  </message>
  <message>
   <source>Around the selection</source>
   <translation>所选要素周围</translation>
  </message>
  <message>
   <source>None</source>
   <translation>无</translation>
  </message>
  <message>
   <source>AlphaEarth, public mosaic</source>
   <translation>AlphaEarth 公开镶嵌</translation>
  </message>
  <message>
   <source>AlphaEarth, Earth Engine</source>
   <translation>AlphaEarth(Earth Engine)</translation>
  </message>
  <message>
   <source>AlphaEarth, raster file…</source>
   <translation>AlphaEarth 栅格文件…</translation>
  </message>
  <message>
   <source>{done} of {total} chips · {found} targets</source>
   <translation>切片 {done}/{total} · {found} 个目标</translation>
  </message>
  <message>
   <source>This engine cannot do it: {engine}</source>
   <translation>该引擎做不到:{engine}</translation>
  </message>
  <message>
   <source>{year} (scene)</source>
   <translation>{year}(影像)</translation>
  </message>
  <message>
   <source>Zoom to the layer, or choose Whole scene.</source>
   <translation>请缩放到该图层,或选择“整景”。</translation>
  </message>
  <message>
   <source>The map</source>
   <translation>地图</translation>
  </message>
  <message>
   <source>No polygon is selected: select one in a vector layer, or choose Whole scene.</source>
   <translation>没有选中多边形:请在矢量图层中选一个,或选择“整景”。</translation>
  </message>
  <message>
   <source>The selection</source>
   <translation>所选范围</translation>
  </message>
  <message>
   <source>Select polygons on the scene, or choose Whole scene.</source>
   <translation>请在影像上选择多边形,或选择“整景”。</translation>
  </message>
  <message>
   <source>{what} does not meet “{layer}”. {advice}</source>
   <translation>{what}与“{layer}”不相交。{advice}</translation>
  </message>
  <message>
   <source>Set up, with a model.</source>
   <translation>已安装，含模型。</translation>
  </message>
  <message>
   <source>Set up, detector only.</source>
   <translation>已安装，仅含检测器。</translation>
  </message>
  <message>
   <source>Set up.</source>
   <translation>已安装。</translation>
  </message>
  <message>
   <source>Set up the FUSAR engine</source>
   <translation>安装 FUSAR 引擎</translation>
  </message>
  <message>
   <source>The engine reads the scenes. It lives in a Python environment of its own; QGIS's Python is not touched. About 200 MB are downloaded, with a model about 2 GB more.</source>
   <translation>引擎负责读取影像,位于单独的 Python 环境中;不会改动 QGIS 自带的 Python。约需下载 200 MB,带模型则再加约 2 GB。</translation>
  </message>
  <message>
   <source>Set up</source>
   <translation>安装</translation>
  </message>
  <message>
   <source>Verify</source>
   <translation>检查</translation>
  </message>
  <message>
   <source>Repair</source>
   <translation>修复</translation>
  </message>
  <message>
   <source>Remove…</source>
   <translation>移除…</translation>
  </message>
  <message>
   <source>command “fusar”, or the folder of its environment</source>
   <translation>“fusar”命令,或其环境所在的文件夹</translation>
  </message>
  <message>
   <source>Use this</source>
   <translation>使用它</translation>
  </message>
  <message>
   <source>Stop</source>
   <translation>停止</translation>
  </message>
  <message>
   <source>State</source>
   <translation>状态</translation>
  </message>
  <message>
   <source>Folder</source>
   <translation>文件夹</translation>
  </message>
  <message>
   <source>Runs on</source>
   <translation>运行于</translation>
  </message>
  <message>
   <source>Or one that exists</source>
   <translation>或使用已有环境</translation>
  </message>
  <message>
   <source>All is well: {engine}.</source>
   <translation>一切正常:{engine}。</translation>
  </message>
  <message>
   <source>It runs, with problems: {engine}.</source>
   <translation>可以运行,但有问题:{engine}。</translation>
  </message>
  <message>
   <source>FUSAR: setting up the engine</source>
   <translation>FUSAR:正在安装引擎</translation>
  </message>
  <message>
   <source>Not set up yet.</source>
   <translation>尚未安装。</translation>
  </message>
  <message>
   <source>No model: the detector cfar, or a worker</source>
   <translation>无模型:cfar 检测器或远程服务器</translation>
  </message>
  <message>
   <source>FUSAR-GPT on the processor (CPU)</source>
   <translation>FUSAR-GPT,用处理器(CPU)</translation>
  </message>
  <message>
   <source>FUSAR-GPT on an NVIDIA card (CUDA)</source>
   <translation>FUSAR-GPT,用 NVIDIA 显卡(CUDA)</translation>
  </message>
  <message>
   <source>Failed: {reason}</source>
   <translation>失败：{reason}</translation>
  </message>
  <message>
   <source>Delete {folder} and all that is in it?</source>
   <translation>删除 {folder} 及其中所有内容?</translation>
  </message>
  <message>
   <source>Removed.</source>
   <translation>已移除。</translation>
  </message>
  <message>
   <source>Press Set up.</source>
   <translation>请按“安装”。</translation>
  </message>
  <message>
   <source>Picture of the target</source>
   <translation>目标图像</translation>
  </message>
  <message>
   <source>Class</source>
   <translation>类别</translation>
  </message>
  <message>
   <source>Score</source>
   <translation>得分</translation>
  </message>
  <message>
   <source>Length</source>
   <translation>长度</translation>
  </message>
  <message>
   <source>Doubtful: {flags}. Listed, not counted.</source>
   <translation>存疑:{flags}。列出但不计数。</translation>
  </message>
  <message>
   <source>detections</source>
   <translation>检测结果</translation>
  </message>
  <message>
   <source>grid cells</source>
   <translation>格网单元</translation>
  </message>
  <message>
   <source>answers</source>
   <translation>回答</translation>
  </message>
  <message>
   <source>AlphaEarth anchors</source>
   <translation>AlphaEarth 锚点</translation>
  </message>
  <message>
   <source>FUSAR panel</source>
   <translation>FUSAR 面板</translation>
  </message>
  <message>
   <source>Classify a box</source>
   <translation>框选分类</translation>
  </message>
  <message>
   <source>Export detections…</source>
   <translation>导出检测结果…</translation>
  </message>
  <message>
   <source>Settings…</source>
   <translation>设置…</translation>
  </message>
  <message>
   <source>Help</source>
   <translation>帮助</translation>
  </message>
  <message>
   <source>Drag a rectangle around one target; a click is too small.</source>
   <translation>请在一个目标周围拖出矩形;单击太小。</translation>
  </message>
  <message>
   <source>Ask about scene</source>
   <translation>就影像提问</translation>
  </message>
  <message>
   <source>Question</source>
   <translation>问题</translation>
  </message>
  <message>
   <source>Answers</source>
   <translation>回答</translation>
  </message>
  <message>
   <source>AlphaEarth embeddings: none, mosaic, earth-engine:PROJECT or a file; empty for the default</source>
   <translation>AlphaEarth 嵌入:none、mosaic、earth-engine:项目 或文件;留空用默认</translation>
  </message>
  <message>
   <source>Radar scene</source>
   <translation>雷达影像</translation>
  </message>
  <message>
   <source>Year of the scene, where the file does not say</source>
   <translation>影像年份(文件未注明时填写)</translation>
  </message>
  <message>
   <source>Band by number, name or polarisation, e.g. VH</source>
   <translation>波段,按序号、名称或极化方式,例如 VH</translation>
  </message>
  <message>
   <source>Engine: cfar, fusar, worker or its address; empty for the default</source>
   <translation>引擎:cfar、fusar、worker 或其地址;留空用默认</translation>
  </message>
  <message>
   <source>Options of the engine, e.g. device=cuda; batch_size=4</source>
   <translation>引擎的选项,例如 device=cuda; batch_size=4</translation>
  </message>
  <message>
   <source>Summary as JSON</source>
   <translation>JSON 摘要</translation>
  </message>
  <message>
   <source>Only in this extent</source>
   <translation>仅此范围</translation>
  </message>
  <message>
   <source>The extent is empty. Give xmin,xmax,ymin,ymax.</source>
   <translation>范围为空。请填写 xmin,xmax,ymin,ymax。</translation>
  </message>
  <message>
   <source>{done} of {total} {what}</source>
   <translation>{done}/{total} {what}</translation>
  </message>
  <message>
   <source>Classify box</source>
   <translation>框选分类</translation>
  </message>
  <message>
   <source>Box around the target</source>
   <translation>目标周围的框</translation>
  </message>
  <message>
   <source>Classes to choose from, comma-separated; empty for all</source>
   <translation>候选类别,用逗号分隔;留空为全部</translation>
  </message>
  <message>
   <source>Classified box</source>
   <translation>已分类的框</translation>
  </message>
  <message>
   <source>Detections</source>
   <translation>检测结果</translation>
  </message>
  <message>
   <source>Only what was confirmed</source>
   <translation>仅已确认的</translation>
  </message>
  <message>
   <source>Also what was rejected</source>
   <translation>也包括已剔除的</translation>
  </message>
  <message>
   <source>Exported detections</source>
   <translation>导出的检测结果</translation>
  </message>
  <message>
   <source>Detections written</source>
   <translation>已写出的检测数</translation>
  </message>
  <message>
   <source>The layer has no field “review”: everything in it is exported.</source>
   <translation>图层没有“review”字段：其中所有内容都会导出。</translation>
  </message>
  <message>
   <source>{n} detections written to {path}</source>
   <translation>已将 {n} 个检测结果写入 {path}</translation>
  </message>
  <message>
   <source>Stopped by the user; nothing was written.</source>
   <translation>用户已停止;没有写出任何内容。</translation>
  </message>
  <message>
   <source>{name} cannot be written: {cause}</source>
   <translation>无法写入 {name}：{cause}</translation>
  </message>
  <message>
   <source>“{name}” holds no detections: choose the layer of detections.</source>
   <translation>“{name}”不是检测结果：请选择检测结果图层。</translation>
  </message>
  <message>
   <source>{name} says no format that detections are exported to. Let it end in {endings}.</source>
   <translation>无法由 {name} 判断导出格式。文件名请以 {endings} 结尾。</translation>
  </message>
  <message>
   <source>{path} cannot be written: {cause}. Choose a folder in which you may write.</source>
   <translation>无法写入 {path}：{cause}。请选择有写权限的文件夹。</translation>
  </message>
  <message>
   <source>{path} holds {written} of {n} rows: check the disk for free space.</source>
   <translation>{path} 只写入了 {n} 行中的 {written} 行：请检查磁盘剩余空间。</translation>
  </message>
  <message>
   <source>Left out: the field {name}, whose values are no text, number or time.</source>
   <translation>已略去字段 {name}：其值不是文本、数字或时间。</translation>
  </message>
  <message>
   <source>Renamed: the field {name} is {short}.</source>
   <translation>已改名：字段 {name} 改为 {short}。</translation>
  </message>
  <message>
   <source>Grid cells</source>
   <translation>格网单元</translation>
  </message>
  <message>
   <source>What to find out</source>
   <translation>要查找什么</translation>
  </message>
  <message>
   <source>Classes of targets, comma-separated</source>
   <translation>目标类别,用逗号分隔</translation>
  </message>
  <message>
   <source>Water: targets only there (polygons or a raster)</source>
   <translation>水域:目标仅限其中(多边形或栅格)</translation>
  </message>
  <message>
   <source>Targets counted</source>
   <translation>目标计数</translation>
  </message>
  <message>
   <source>The {n} detections that had arrived are in {path}.</source>
   <translation>已收到的 {n} 个检测结果保存在 {path}。</translation>
  </message>
  <message>
   <source>Sample AlphaEarth anchors</source>
   <translation>采样 AlphaEarth 锚点</translation>
  </message>
  <message>
   <source>Embeddings: mosaic, earth-engine:PROJECT or a raster of 64 bands; empty for the default</source>
   <translation>嵌入:mosaic、earth-engine:项目 或 64 波段栅格;留空用默认</translation>
  </message>
  <message>
   <source>Nodes along a side</source>
   <translation>每边节点数</translation>
  </message>
  <message>
   <source>Anchors</source>
   <translation>锚点</translation>
  </message>
  <message>
   <source>Choose another name, or tick “Replace what an analyst has worked on” (OVERWRITE).</source>
   <translation>请换一个名称，或勾选“替换分析员处理过的内容”（OVERWRITE）。</translation>
  </message>
  <message>
   <source>Choose another name.</source>
   <translation>请换一个名称。</translation>
  </message>
  <message>
   <source>styles</source>
   <translation>样式</translation>
  </message>
  <message>
   <source>Give each output a file of its own.</source>
   <translation>请为每个输出指定各自的文件。</translation>
  </message>
  <message>
   <source>Save and end the editing, or choose another name.</source>
   <translation>请保存并结束编辑，或换一个名称。</translation>
  </message>
  <message>
   <source>fields of its own ({fields})</source>
   <translation>自有字段（{fields}）</translation>
  </message>
  <message>
   <source>{n} reviewed features in “{name}”</source>
   <translation>“{name}”中有 {n} 个已审核要素</translation>
  </message>
  <message>
   <source>{path} holds an analyst's work: {work}.</source>
   <translation>{path} 含有分析员的工作成果：{work}。</translation>
  </message>
  <message>
   <source>{path} cannot be read, and nobody knows what it is.</source>
   <translation>无法读取 {path}，不知其内容。</translation>
  </message>
  <message>
   <source>{path} is no result of this program.</source>
   <translation>{path} 不是本程序的结果。</translation>
  </message>
  <message>
   <source>{path} is to be written twice.</source>
   <translation>{path} 将被写入两次。</translation>
  </message>
  <message>
   <source>{part} is there, and {name} would replace it.</source>
   <translation>{part} 已存在，写入 {name} 会将其替换。</translation>
  </message>
  <message>
   <source>{path} is to be written, and {other} is read.</source>
   <translation>{path} 要写入，而 {other} 正被读取。</translation>
  </message>
  <message>
   <source>{path} is open, perhaps for editing.</source>
   <translation>{path} 已打开，可能正在编辑。</translation>
  </message>
  <message>
   <source>{path} holds what is not replaced: {names}.</source>
   <translation>{path} 含有不可替换的内容：{names}。</translation>
  </message>
  <message>
   <source>{path} is damaged, and nobody knows what is in it: {cause}.</source>
   <translation>{path} 已损坏，不知其内容：{cause}。</translation>
  </message>
  <message>
   <source>{n} features that no engine found</source>
   <translation>{n} 个并非由引擎找到的要素</translation>
  </message>
  <message>
   <source>{path} is no GeoPackage.</source>
   <translation>{path} 不是 GeoPackage。</translation>
  </message>
  <message>
   <source>Targets</source>
   <translation>目标</translation>
  </message>
  <message>
   <source>Count</source>
   <translation>计数</translation>
  </message>
  <message>
   <source>3 × 3 grid</source>
   <translation>3 × 3 格网</translation>
  </message>
  <message>
   <source>Description</source>
   <translation>描述</translation>
  </message>
 </context>
</TS>
