<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>
<qgis labelsEnabled="0" simplifyDrawingHints="1" simplifyAlgorithm="0" simplifyDrawingTol="1" readOnly="0" maxScale="0" symbologyReferenceScale="-1" simplifyMaxScale="1" hasScaleBasedVisibilityFlag="0" version="3.22.16-Białowieża" styleCategories="AllStyleCategories" simplifyLocal="1" minScale="100000000">
  <flags>
    <Identifiable>1</Identifiable>
    <Removable>1</Removable>
    <Searchable>1</Searchable>
    <Private>0</Private>
  </flags>
  <temporal mode="0" limitMode="0" startExpression="" fixedDuration="0" durationUnit="min" endExpression="" enabled="0" durationField="" startField="" endField="" accumulate="0">
    <fixedRange>
      <start></start>
      <end></end>
    </fixedRange>
  </temporal>
  <renderer-v2 enableorderby="0" referencescale="-1" symbollevels="0" forceraster="0" type="singleSymbol">
    <symbols>
      <symbol alpha="1" name="0" clip_to_extent="1" type="marker" force_rhr="0">
        <data_defined_properties>
          <Option type="Map">
            <Option name="name" value="" type="QString"/>
            <Option name="properties"/>
            <Option name="type" value="collection" type="QString"/>
          </Option>
        </data_defined_properties>
        <layer locked="0" class="SimpleMarker" enabled="1" pass="0">
          <Option type="Map">
            <Option name="angle" value="0" type="QString"/>
            <Option name="cap_style" value="square" type="QString"/>
            <Option name="color" value="76,175,80,255" type="QString"/>
            <Option name="horizontal_anchor_point" value="1" type="QString"/>
            <Option name="joinstyle" value="bevel" type="QString"/>
            <Option name="name" value="circle" type="QString"/>
            <Option name="offset" value="0,0" type="QString"/>
            <Option name="offset_map_unit_scale" value="3x:0,0,0,0,0,0" type="QString"/>
            <Option name="offset_unit" value="MM" type="QString"/>
            <Option name="outline_color" value="255,255,255,255" type="QString"/>
            <Option name="outline_style" value="solid" type="QString"/>
            <Option name="outline_width" value="0.2" type="QString"/>
            <Option name="outline_width_map_unit_scale" value="3x:0,0,0,0,0,0" type="QString"/>
            <Option name="outline_width_unit" value="MM" type="QString"/>
            <Option name="scale_method" value="diameter" type="QString"/>
            <Option name="size" value="1.8" type="QString"/>
            <Option name="size_map_unit_scale" value="3x:0,0,0,0,0,0" type="QString"/>
            <Option name="size_unit" value="MM" type="QString"/>
            <Option name="vertical_anchor_point" value="1" type="QString"/>
          </Option>
          <prop v="0" k="angle"/>
          <prop v="square" k="cap_style"/>
          <prop v="76,175,80,255" k="color"/>
          <prop v="1" k="horizontal_anchor_point"/>
          <prop v="bevel" k="joinstyle"/>
          <prop v="circle" k="name"/>
          <prop v="0,0" k="offset"/>
          <prop v="3x:0,0,0,0,0,0" k="offset_map_unit_scale"/>
          <prop v="MM" k="offset_unit"/>
          <prop v="255,255,255,255" k="outline_color"/>
          <prop v="solid" k="outline_style"/>
          <prop v="0.2" k="outline_width"/>
          <prop v="3x:0,0,0,0,0,0" k="outline_width_map_unit_scale"/>
          <prop v="MM" k="outline_width_unit"/>
          <prop v="diameter" k="scale_method"/>
          <prop v="1.8" k="size"/>
          <prop v="3x:0,0,0,0,0,0" k="size_map_unit_scale"/>
          <prop v="MM" k="size_unit"/>
          <prop v="1" k="vertical_anchor_point"/>
          <data_defined_properties>
            <Option type="Map">
              <Option name="name" value="" type="QString"/>
              <Option name="properties"/>
              <Option name="type" value="collection" type="QString"/>
            </Option>
          </data_defined_properties>
        </layer>
      </symbol>
    </symbols>
    <rotation/>
    <sizescale/>
  </renderer-v2>
  <customproperties>
    <Option/>
  </customproperties>
  <blendMode>0</blendMode>
  <featureBlendMode>0</featureBlendMode>
  <layerOpacity>1</layerOpacity>
  <geometryOptions removeDuplicateNodes="0" geometryPrecision="0">
    <activeChecks type="StringList">
      <Option value="" type="QString"/>
    </activeChecks>
    <checkConfiguration/>
  </geometryOptions>
  <legend showLabelLegend="0" type="default-vector"/>
  <referencedLayers/>
  <fieldConfiguration>
    <field configurationFlags="None" name="scene">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="source">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="year_requested">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="year_used">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="y">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="x">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A00">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A01">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A02">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A03">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A04">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A05">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A06">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A07">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A08">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A09">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A10">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A11">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A12">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A13">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A14">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A15">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A16">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A17">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A18">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A19">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A20">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A21">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A22">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A23">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A24">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A25">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A26">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A27">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A28">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A29">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A30">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A31">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A32">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A33">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A34">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A35">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A36">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A37">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A38">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A39">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A40">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A41">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A42">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A43">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A44">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A45">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A46">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A47">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A48">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A49">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A50">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A51">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A52">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A53">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A54">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A55">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A56">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A57">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A58">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A59">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A60">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A61">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A62">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
    <field configurationFlags="None" name="A63">
      <editWidget type="TextEdit">
        <config>
          <Option type="Map">
            <Option name="IsMultiline" value="false" type="bool"/>
          </Option>
        </config>
      </editWidget>
    </field>
  </fieldConfiguration>
  <aliases>
    <alias field="scene" name="Scene" index="0"/>
    <alias field="source" name="Source" index="1"/>
    <alias field="year_requested" name="Year wanted" index="2"/>
    <alias field="year_used" name="Year used" index="3"/>
    <alias field="y" name="Position down (0 to 1)" index="4"/>
    <alias field="x" name="Position across (0 to 1)" index="5"/>
    <alias field="A00" name="" index="6"/>
    <alias field="A01" name="" index="7"/>
    <alias field="A02" name="" index="8"/>
    <alias field="A03" name="" index="9"/>
    <alias field="A04" name="" index="10"/>
    <alias field="A05" name="" index="11"/>
    <alias field="A06" name="" index="12"/>
    <alias field="A07" name="" index="13"/>
    <alias field="A08" name="" index="14"/>
    <alias field="A09" name="" index="15"/>
    <alias field="A10" name="" index="16"/>
    <alias field="A11" name="" index="17"/>
    <alias field="A12" name="" index="18"/>
    <alias field="A13" name="" index="19"/>
    <alias field="A14" name="" index="20"/>
    <alias field="A15" name="" index="21"/>
    <alias field="A16" name="" index="22"/>
    <alias field="A17" name="" index="23"/>
    <alias field="A18" name="" index="24"/>
    <alias field="A19" name="" index="25"/>
    <alias field="A20" name="" index="26"/>
    <alias field="A21" name="" index="27"/>
    <alias field="A22" name="" index="28"/>
    <alias field="A23" name="" index="29"/>
    <alias field="A24" name="" index="30"/>
    <alias field="A25" name="" index="31"/>
    <alias field="A26" name="" index="32"/>
    <alias field="A27" name="" index="33"/>
    <alias field="A28" name="" index="34"/>
    <alias field="A29" name="" index="35"/>
    <alias field="A30" name="" index="36"/>
    <alias field="A31" name="" index="37"/>
    <alias field="A32" name="" index="38"/>
    <alias field="A33" name="" index="39"/>
    <alias field="A34" name="" index="40"/>
    <alias field="A35" name="" index="41"/>
    <alias field="A36" name="" index="42"/>
    <alias field="A37" name="" index="43"/>
    <alias field="A38" name="" index="44"/>
    <alias field="A39" name="" index="45"/>
    <alias field="A40" name="" index="46"/>
    <alias field="A41" name="" index="47"/>
    <alias field="A42" name="" index="48"/>
    <alias field="A43" name="" index="49"/>
    <alias field="A44" name="" index="50"/>
    <alias field="A45" name="" index="51"/>
    <alias field="A46" name="" index="52"/>
    <alias field="A47" name="" index="53"/>
    <alias field="A48" name="" index="54"/>
    <alias field="A49" name="" index="55"/>
    <alias field="A50" name="" index="56"/>
    <alias field="A51" name="" index="57"/>
    <alias field="A52" name="" index="58"/>
    <alias field="A53" name="" index="59"/>
    <alias field="A54" name="" index="60"/>
    <alias field="A55" name="" index="61"/>
    <alias field="A56" name="" index="62"/>
    <alias field="A57" name="" index="63"/>
    <alias field="A58" name="" index="64"/>
    <alias field="A59" name="" index="65"/>
    <alias field="A60" name="" index="66"/>
    <alias field="A61" name="" index="67"/>
    <alias field="A62" name="" index="68"/>
    <alias field="A63" name="" index="69"/>
  </aliases>
  <defaults>
    <default field="scene" expression="" applyOnUpdate="0"/>
    <default field="source" expression="" applyOnUpdate="0"/>
    <default field="year_requested" expression="" applyOnUpdate="0"/>
    <default field="year_used" expression="" applyOnUpdate="0"/>
    <default field="y" expression="" applyOnUpdate="0"/>
    <default field="x" expression="" applyOnUpdate="0"/>
    <default field="A00" expression="" applyOnUpdate="0"/>
    <default field="A01" expression="" applyOnUpdate="0"/>
    <default field="A02" expression="" applyOnUpdate="0"/>
    <default field="A03" expression="" applyOnUpdate="0"/>
    <default field="A04" expression="" applyOnUpdate="0"/>
    <default field="A05" expression="" applyOnUpdate="0"/>
    <default field="A06" expression="" applyOnUpdate="0"/>
    <default field="A07" expression="" applyOnUpdate="0"/>
    <default field="A08" expression="" applyOnUpdate="0"/>
    <default field="A09" expression="" applyOnUpdate="0"/>
    <default field="A10" expression="" applyOnUpdate="0"/>
    <default field="A11" expression="" applyOnUpdate="0"/>
    <default field="A12" expression="" applyOnUpdate="0"/>
    <default field="A13" expression="" applyOnUpdate="0"/>
    <default field="A14" expression="" applyOnUpdate="0"/>
    <default field="A15" expression="" applyOnUpdate="0"/>
    <default field="A16" expression="" applyOnUpdate="0"/>
    <default field="A17" expression="" applyOnUpdate="0"/>
    <default field="A18" expression="" applyOnUpdate="0"/>
    <default field="A19" expression="" applyOnUpdate="0"/>
    <default field="A20" expression="" applyOnUpdate="0"/>
    <default field="A21" expression="" applyOnUpdate="0"/>
    <default field="A22" expression="" applyOnUpdate="0"/>
    <default field="A23" expression="" applyOnUpdate="0"/>
    <default field="A24" expression="" applyOnUpdate="0"/>
    <default field="A25" expression="" applyOnUpdate="0"/>
    <default field="A26" expression="" applyOnUpdate="0"/>
    <default field="A27" expression="" applyOnUpdate="0"/>
    <default field="A28" expression="" applyOnUpdate="0"/>
    <default field="A29" expression="" applyOnUpdate="0"/>
    <default field="A30" expression="" applyOnUpdate="0"/>
    <default field="A31" expression="" applyOnUpdate="0"/>
    <default field="A32" expression="" applyOnUpdate="0"/>
    <default field="A33" expression="" applyOnUpdate="0"/>
    <default field="A34" expression="" applyOnUpdate="0"/>
    <default field="A35" expression="" applyOnUpdate="0"/>
    <default field="A36" expression="" applyOnUpdate="0"/>
    <default field="A37" expression="" applyOnUpdate="0"/>
    <default field="A38" expression="" applyOnUpdate="0"/>
    <default field="A39" expression="" applyOnUpdate="0"/>
    <default field="A40" expression="" applyOnUpdate="0"/>
    <default field="A41" expression="" applyOnUpdate="0"/>
    <default field="A42" expression="" applyOnUpdate="0"/>
    <default field="A43" expression="" applyOnUpdate="0"/>
    <default field="A44" expression="" applyOnUpdate="0"/>
    <default field="A45" expression="" applyOnUpdate="0"/>
    <default field="A46" expression="" applyOnUpdate="0"/>
    <default field="A47" expression="" applyOnUpdate="0"/>
    <default field="A48" expression="" applyOnUpdate="0"/>
    <default field="A49" expression="" applyOnUpdate="0"/>
    <default field="A50" expression="" applyOnUpdate="0"/>
    <default field="A51" expression="" applyOnUpdate="0"/>
    <default field="A52" expression="" applyOnUpdate="0"/>
    <default field="A53" expression="" applyOnUpdate="0"/>
    <default field="A54" expression="" applyOnUpdate="0"/>
    <default field="A55" expression="" applyOnUpdate="0"/>
    <default field="A56" expression="" applyOnUpdate="0"/>
    <default field="A57" expression="" applyOnUpdate="0"/>
    <default field="A58" expression="" applyOnUpdate="0"/>
    <default field="A59" expression="" applyOnUpdate="0"/>
    <default field="A60" expression="" applyOnUpdate="0"/>
    <default field="A61" expression="" applyOnUpdate="0"/>
    <default field="A62" expression="" applyOnUpdate="0"/>
    <default field="A63" expression="" applyOnUpdate="0"/>
  </defaults>
  <constraints>
    <constraint field="scene" constraints="0" unique_strength="0" notnull_strength="0" exp_strength="0"/>
    <constraint field="source" constraints="0" unique_strength="0" notnull_strength="0" exp_strength="0"/>
    <constraint field="year_requested" constraints="0" unique_strength="0" notnull_strength="0" exp_strength="0"/>
    <constraint field="year_used" constraints="0" unique_strength="0" notnull_strength="0" exp_strength="0"/>
    <constraint field="y" constraints="0" unique_strength="0" notnull_strength="0" exp_strength="0"/>
    <constraint field="x" constraints="0" unique_strength="0" notnull_strength="0" exp_strength="0"/>
    <constraint field="A00" constraints="0" unique_strength="0" notnull_strength="0" exp_strength="0"/>
    <constraint field="A01" constraints="0" unique_strength="0" notnull_strength="0" exp_strength="0"/>
    <constraint field="A02" constraints="0" unique_strength="0" notnull_strength="0" exp_strength="0"/>
    <constraint field="A03" constraints="0" unique_strength="0" notnull_strength="0" exp_strength="0"/>
    <constraint field="A04" constraints="0" unique_strength="0" notnull_strength="0" exp_strength="0"/>
    <constraint field="A05" constraints="0" unique_strength="0" notnull_strength="0" exp_strength="0"/>
    <constraint field="A06" constraints="0" unique_strength="0" notnull_strength="0" exp_strength="0"/>
    <constraint field="A07" constraints="0" unique_strength="0" notnull_strength="0" exp_strength="0"/>
    <constraint field="A08" constraints="0" unique_strength="0" notnull_strength="0" exp_strength="0"/>
    <constraint field="A09" constraints="0" unique_strength="0" notnull_strength="0" exp_strength="0"/>
    <constraint field="A10" constraints="0" unique_strength="0" notnull_strength="0" exp_strength="0"/>
    <constraint field="A11" constraints="0" unique_strength="0" notnull_strength="0" exp_strength="0"/>
    <constraint field="A12" constraints="0" unique_strength="0" notnull_strength="0" exp_strength="0"/>
    <constraint field="A13" constraints="0" unique_strength="0" notnull_strength="0" exp_strength="0"/>
    <constraint field="A14" constraints="0" unique_strength="0" notnull_strength="0" exp_strength="0"/>
    <constraint field="A15" constraints="0" unique_strength="0" notnull_strength="0" exp_strength="0"/>
    <constraint field="A16" constraints="0" unique_strength="0" notnull_strength="0" exp_strength="0"/>
    <constraint field="A17" constraints="0" unique_strength="0" notnull_strength="0" exp_strength="0"/>
    <constraint field="A18" constraints="0" unique_strength="0" notnull_strength="0" exp_strength="0"/>
    <constraint field="A19" constraints="0" unique_strength="0" notnull_strength="0" exp_strength="0"/>
    <constraint field="A20" constraints="0" unique_strength="0" notnull_strength="0" exp_strength="0"/>
    <constraint field="A21" constraints="0" unique_strength="0" notnull_strength="0" exp_strength="0"/>
    <constraint field="A22" constraints="0" unique_strength="0" notnull_strength="0" exp_strength="0"/>
    <constraint field="A23" constraints="0" unique_strength="0" notnull_strength="0" exp_strength="0"/>
    <constraint field="A24" constraints="0" unique_strength="0" notnull_strength="0" exp_strength="0"/>
    <constraint field="A25" constraints="0" unique_strength="0" notnull_strength="0" exp_strength="0"/>
    <constraint field="A26" constraints="0" unique_strength="0" notnull_strength="0" exp_strength="0"/>
    <constraint field="A27" constraints="0" unique_strength="0" notnull_strength="0" exp_strength="0"/>
    <constraint field="A28" constraints="0" unique_strength="0" notnull_strength="0" exp_strength="0"/>
    <constraint field="A29" constraints="0" unique_strength="0" notnull_strength="0" exp_strength="0"/>
    <constraint field="A30" constraints="0" unique_strength="0" notnull_strength="0" exp_strength="0"/>
    <constraint field="A31" constraints="0" unique_strength="0" notnull_strength="0" exp_strength="0"/>
    <constraint field="A32" constraints="0" unique_strength="0" notnull_strength="0" exp_strength="0"/>
    <constraint field="A33" constraints="0" unique_strength="0" notnull_strength="0" exp_strength="0"/>
    <constraint field="A34" constraints="0" unique_strength="0" notnull_strength="0" exp_strength="0"/>
    <constraint field="A35" constraints="0" unique_strength="0" notnull_strength="0" exp_strength="0"/>
    <constraint field="A36" constraints="0" unique_strength="0" notnull_strength="0" exp_strength="0"/>
    <constraint field="A37" constraints="0" unique_strength="0" notnull_strength="0" exp_strength="0"/>
    <constraint field="A38" constraints="0" unique_strength="0" notnull_strength="0" exp_strength="0"/>
    <constraint field="A39" constraints="0" unique_strength="0" notnull_strength="0" exp_strength="0"/>
    <constraint field="A40" constraints="0" unique_strength="0" notnull_strength="0" exp_strength="0"/>
    <constraint field="A41" constraints="0" unique_strength="0" notnull_strength="0" exp_strength="0"/>
    <constraint field="A42" constraints="0" unique_strength="0" notnull_strength="0" exp_strength="0"/>
    <constraint field="A43" constraints="0" unique_strength="0" notnull_strength="0" exp_strength="0"/>
    <constraint field="A44" constraints="0" unique_strength="0" notnull_strength="0" exp_strength="0"/>
    <constraint field="A45" constraints="0" unique_strength="0" notnull_strength="0" exp_strength="0"/>
    <constraint field="A46" constraints="0" unique_strength="0" notnull_strength="0" exp_strength="0"/>
    <constraint field="A47" constraints="0" unique_strength="0" notnull_strength="0" exp_strength="0"/>
    <constraint field="A48" constraints="0" unique_strength="0" notnull_strength="0" exp_strength="0"/>
    <constraint field="A49" constraints="0" unique_strength="0" notnull_strength="0" exp_strength="0"/>
    <constraint field="A50" constraints="0" unique_strength="0" notnull_strength="0" exp_strength="0"/>
    <constraint field="A51" constraints="0" unique_strength="0" notnull_strength="0" exp_strength="0"/>
    <constraint field="A52" constraints="0" unique_strength="0" notnull_strength="0" exp_strength="0"/>
    <constraint field="A53" constraints="0" unique_strength="0" notnull_strength="0" exp_strength="0"/>
    <constraint field="A54" constraints="0" unique_strength="0" notnull_strength="0" exp_strength="0"/>
    <constraint field="A55" constraints="0" unique_strength="0" notnull_strength="0" exp_strength="0"/>
    <constraint field="A56" constraints="0" unique_strength="0" notnull_strength="0" exp_strength="0"/>
    <constraint field="A57" constraints="0" unique_strength="0" notnull_strength="0" exp_strength="0"/>
    <constraint field="A58" constraints="0" unique_strength="0" notnull_strength="0" exp_strength="0"/>
    <constraint field="A59" constraints="0" unique_strength="0" notnull_strength="0" exp_strength="0"/>
    <constraint field="A60" constraints="0" unique_strength="0" notnull_strength="0" exp_strength="0"/>
    <constraint field="A61" constraints="0" unique_strength="0" notnull_strength="0" exp_strength="0"/>
    <constraint field="A62" constraints="0" unique_strength="0" notnull_strength="0" exp_strength="0"/>
    <constraint field="A63" constraints="0" unique_strength="0" notnull_strength="0" exp_strength="0"/>
  </constraints>
  <constraintExpressions>
    <constraint field="scene" exp="" desc=""/>
    <constraint field="source" exp="" desc=""/>
    <constraint field="year_requested" exp="" desc=""/>
    <constraint field="year_used" exp="" desc=""/>
    <constraint field="y" exp="" desc=""/>
    <constraint field="x" exp="" desc=""/>
    <constraint field="A00" exp="" desc=""/>
    <constraint field="A01" exp="" desc=""/>
    <constraint field="A02" exp="" desc=""/>
    <constraint field="A03" exp="" desc=""/>
    <constraint field="A04" exp="" desc=""/>
    <constraint field="A05" exp="" desc=""/>
    <constraint field="A06" exp="" desc=""/>
    <constraint field="A07" exp="" desc=""/>
    <constraint field="A08" exp="" desc=""/>
    <constraint field="A09" exp="" desc=""/>
    <constraint field="A10" exp="" desc=""/>
    <constraint field="A11" exp="" desc=""/>
    <constraint field="A12" exp="" desc=""/>
    <constraint field="A13" exp="" desc=""/>
    <constraint field="A14" exp="" desc=""/>
    <constraint field="A15" exp="" desc=""/>
    <constraint field="A16" exp="" desc=""/>
    <constraint field="A17" exp="" desc=""/>
    <constraint field="A18" exp="" desc=""/>
    <constraint field="A19" exp="" desc=""/>
    <constraint field="A20" exp="" desc=""/>
    <constraint field="A21" exp="" desc=""/>
    <constraint field="A22" exp="" desc=""/>
    <constraint field="A23" exp="" desc=""/>
    <constraint field="A24" exp="" desc=""/>
    <constraint field="A25" exp="" desc=""/>
    <constraint field="A26" exp="" desc=""/>
    <constraint field="A27" exp="" desc=""/>
    <constraint field="A28" exp="" desc=""/>
    <constraint field="A29" exp="" desc=""/>
    <constraint field="A30" exp="" desc=""/>
    <constraint field="A31" exp="" desc=""/>
    <constraint field="A32" exp="" desc=""/>
    <constraint field="A33" exp="" desc=""/>
    <constraint field="A34" exp="" desc=""/>
    <constraint field="A35" exp="" desc=""/>
    <constraint field="A36" exp="" desc=""/>
    <constraint field="A37" exp="" desc=""/>
    <constraint field="A38" exp="" desc=""/>
    <constraint field="A39" exp="" desc=""/>
    <constraint field="A40" exp="" desc=""/>
    <constraint field="A41" exp="" desc=""/>
    <constraint field="A42" exp="" desc=""/>
    <constraint field="A43" exp="" desc=""/>
    <constraint field="A44" exp="" desc=""/>
    <constraint field="A45" exp="" desc=""/>
    <constraint field="A46" exp="" desc=""/>
    <constraint field="A47" exp="" desc=""/>
    <constraint field="A48" exp="" desc=""/>
    <constraint field="A49" exp="" desc=""/>
    <constraint field="A50" exp="" desc=""/>
    <constraint field="A51" exp="" desc=""/>
    <constraint field="A52" exp="" desc=""/>
    <constraint field="A53" exp="" desc=""/>
    <constraint field="A54" exp="" desc=""/>
    <constraint field="A55" exp="" desc=""/>
    <constraint field="A56" exp="" desc=""/>
    <constraint field="A57" exp="" desc=""/>
    <constraint field="A58" exp="" desc=""/>
    <constraint field="A59" exp="" desc=""/>
    <constraint field="A60" exp="" desc=""/>
    <constraint field="A61" exp="" desc=""/>
    <constraint field="A62" exp="" desc=""/>
    <constraint field="A63" exp="" desc=""/>
  </constraintExpressions>
  <expressionfields/>
  <attributeactions/>
  <attributetableconfig sortExpression="" sortOrder="0" actionWidgetStyle="dropDown">
    <columns/>
  </attributetableconfig>
  <conditionalstyles>
    <rowstyles/>
    <fieldstyles/>
  </conditionalstyles>
  <storedexpressions/>
  <editform tolerant="1"></editform>
  <editforminit/>
  <editforminitcodesource>0</editforminitcodesource>
  <editforminitfilepath></editforminitfilepath>
  <editforminitcode><![CDATA[]]></editforminitcode>
  <featformsuppress>0</featformsuppress>
  <editorlayout>generatedlayout</editorlayout>
  <editable>
    <field name="A00" editable="0"/>
    <field name="A01" editable="0"/>
    <field name="A02" editable="0"/>
    <field name="A03" editable="0"/>
    <field name="A04" editable="0"/>
    <field name="A05" editable="0"/>
    <field name="A06" editable="0"/>
    <field name="A07" editable="0"/>
    <field name="A08" editable="0"/>
    <field name="A09" editable="0"/>
    <field name="A10" editable="0"/>
    <field name="A11" editable="0"/>
    <field name="A12" editable="0"/>
    <field name="A13" editable="0"/>
    <field name="A14" editable="0"/>
    <field name="A15" editable="0"/>
    <field name="A16" editable="0"/>
    <field name="A17" editable="0"/>
    <field name="A18" editable="0"/>
    <field name="A19" editable="0"/>
    <field name="A20" editable="0"/>
    <field name="A21" editable="0"/>
    <field name="A22" editable="0"/>
    <field name="A23" editable="0"/>
    <field name="A24" editable="0"/>
    <field name="A25" editable="0"/>
    <field name="A26" editable="0"/>
    <field name="A27" editable="0"/>
    <field name="A28" editable="0"/>
    <field name="A29" editable="0"/>
    <field name="A30" editable="0"/>
    <field name="A31" editable="0"/>
    <field name="A32" editable="0"/>
    <field name="A33" editable="0"/>
    <field name="A34" editable="0"/>
    <field name="A35" editable="0"/>
    <field name="A36" editable="0"/>
    <field name="A37" editable="0"/>
    <field name="A38" editable="0"/>
    <field name="A39" editable="0"/>
    <field name="A40" editable="0"/>
    <field name="A41" editable="0"/>
    <field name="A42" editable="0"/>
    <field name="A43" editable="0"/>
    <field name="A44" editable="0"/>
    <field name="A45" editable="0"/>
    <field name="A46" editable="0"/>
    <field name="A47" editable="0"/>
    <field name="A48" editable="0"/>
    <field name="A49" editable="0"/>
    <field name="A50" editable="0"/>
    <field name="A51" editable="0"/>
    <field name="A52" editable="0"/>
    <field name="A53" editable="0"/>
    <field name="A54" editable="0"/>
    <field name="A55" editable="0"/>
    <field name="A56" editable="0"/>
    <field name="A57" editable="0"/>
    <field name="A58" editable="0"/>
    <field name="A59" editable="0"/>
    <field name="A60" editable="0"/>
    <field name="A61" editable="0"/>
    <field name="A62" editable="0"/>
    <field name="A63" editable="0"/>
    <field name="scene" editable="0"/>
    <field name="source" editable="0"/>
    <field name="x" editable="0"/>
    <field name="y" editable="0"/>
    <field name="year_requested" editable="0"/>
    <field name="year_used" editable="0"/>
  </editable>
  <labelOnTop/>
  <reuseLastValue/>
  <dataDefinedFieldProperties/>
  <widgets/>
  <previewExpression></previewExpression>
  <mapTip></mapTip>
  <layerGeometryType>0</layerGeometryType>
</qgis>
